"""A bare thank-you does not reopen a ticket; anything more does."""

from __future__ import annotations

import pytest

from gateway.desk.gratitude import only_thanks


@pytest.mark.parametrize(
    "text",
    [
        "Thanks!",
        "Thank you very much.",
        "Thank you so much for your help, Olivia!",
        "Hi Olivia,\n\nperfect, thanks a lot for the quick reply.\n\nBest regards,\nCasey Client",
        "Great, it works now. Thank you!\nCasey",
        "Many thanks 🙏",
        "thx",
        "Ok, thank you. Have a nice weekend!",
        "I really appreciate your help. Cheers, Tom",
        "Vielen Dank für die schnelle Hilfe!\n\nMit freundlichen Grüßen\nAnna Berg",
        "Hallo Frau Reyes, super, danke!",
        "Merci beaucoup !\nBonne journée",
        "Merci pour votre réponse rapide. Cordialement, Jean Dupont",
        "Muchas gracias por la ayuda. Saludos, Juan",
        "Grazie mille! Buona giornata",
        "Muito obrigado pela ajuda!",
        "Hartelijk bedankt voor de snelle reactie!",
        "Bardzo dziękuję za pomoc. Pozdrawiam, Jan",
        "Děkuji moc, hezký den",
        "Большое спасибо за помощь!",
        "Щиро дякую",
        "Tack så mycket för hjälpen! Mvh Karin",
        "Tusind tak for hjælpen",
        "Tusen takk for rask hjelp",
        "Kiitos paljon!",
        "Köszönöm szépen a segítséget!",
        "Mulțumesc mult pentru ajutor",
        "Hvala puno na pomoći",
        "Çok teşekkür ederim, iyi günler",
        "Ευχαριστώ πολύ για τη βοήθεια",
        "谢谢！",
        "非常感谢您的帮助",
        "ありがとうございました。",
        "田中様\nお世話になっております。迅速なご対応ありがとうございます。",
        "감사합니다!",
        "Cảm ơn bạn rất nhiều",
        "תודה רבה!",
        "شكرا جزيلا لكم",
    ],
)
def test_bare_thanks_are_recognised(text: str) -> None:
    assert only_thanks(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "Casey",
        "Hello Olivia",
        "Ok",
        "Thanks, but it still fails.",
        "Thank you. It does not work.",
        "Thanks! Can you also send the invoice?",
        "Thanks. Please send the invoice",
        "Thanks. Please cancel order 4711",
        "Thanks, see https://x.example",
        "Thank you, my new address is anna@x.example",
        "thanks for nothing",
        "Thanks for the update, I will check tomorrow and write again",
        "Danke, aber der Drucker druckt weiterhin schief",
        "Danke. Bitte noch die Rechnung",
        "Danke. Bitte Rechnung",
        "THANKS. SEND INVOICE NOW",
        "Merci, mais cela ne marche pas",
        "Gracias, pero sigue igual",
        "谢谢，但是还是不能登录系统，请再检查一下",
        "ありがとうございます。もう一度ログインできません。",
        "감사합니다. 그런데 아직도 로그인이 안 됩니다",
        "Spasibo? ",
        "Thank you " * 100,
    ],
)
def test_anything_more_is_not(text: str) -> None:
    assert not only_thanks(text)
