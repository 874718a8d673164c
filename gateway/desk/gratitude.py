"""Whether a client's mail says thank you and nothing else, so that it need not reopen a closed ticket.

Conservative: one word that is no thanks, greeting, closing or name, and the mail counts as one that wants something.
"""

# ruff: noqa: E501

from __future__ import annotations

import unicodedata

MAX_CHARACTERS = 400
MAX_OTHER_WORDS = 4
"""Words that are neither thanks nor courtesy; only capitalised ones pass, as names."""

_THANKS = """
thank thanks thankyou thx tnx ty tks thankful grateful appreciate appreciated cheers ta
danke dank dankeschön dankend merci remercie remercier remerciements gracias agradezco agradecido agradecida agradecemos grazie ringrazio
obrigado obrigada obrigados agradeço bedankt dankjewel dankuwel dziękuję dziękujemy dzięki dziekuje dzieki děkuji děkujeme díky dekuji diky ďakujem ďakujeme vďaka dakujem
tak mange tack takk kiitos kiitoksia köszönöm köszönjük köszi kosz mulțumesc mulțumim mersi multumesc hvala zahvaljujem спасибо благодарю благодарим дякую дякуємо спасибі благодаря мерси
teşekkürler teşekkür tesekkurler sağol sağolun ευχαριστώ ευχαριστούμε תודה شكرا شكراً ขอบคุณ terima kasih makasih aitäh tänan paldies ačiū gràcies
"""

_COURTESY = """
a all again am an and are as at awesome best bless brilliant bye day days dear done everybody everyone everything evening excellent fantastic fast fine for from fixed folks friday genius good goodbye got great guys happy hello help helped helpful helping hey hi i i'm is it it's its i've just kind kindest kindly kindness lot lots lovely made madam many mate me million mr mrs ms morning much my nice now of ok okay on once our part patience perfect perfectly please problem prompt promptly quick quickly quickness really regards reply resolved respectfully response service sincerely sir so solved sorted speedy super support sure sweet team tremendously the that that's this time to truly up very warm we week weekend wishes with wonderful works working worked would yep yes you your yours you're rapid swift assistance attention cooperation efforts effort everything's all's appreciation effort
alles allen allerseits auch aus beste besten bester bestens bitte das dass den der die dir du ein eine einen euch euer eure feedback freundliche freundlichem freundlichen frohe für ganz geklappt gelöst genau gerne gruß grüße grüßen gruss grüsse grüssen gut gute guten guter hallo hat herr herrn frau herzliche herzlichen hilfe ich ihnen ihr ihre ihren im in jetzt klappt klasse lg liebe lieben lieber mfg mir mit moin morgen nachricht nett nochmal nochmals perfekt prima prompte rasche rückmeldung sehr schnell schnelle schnellen schöne schönen schönes servus sie so super tag tage team tausend toll und unterstützung vg viele vielen vielmals von vorab war wieder wir wochenende wunderbar wunderbare hilft funktioniert nun einwandfrei mühe bearbeitung antwort
à aide aimable amicalement au aussi avec beaucoup bien bon bonjour bonne bonsoir bye c'est cela ce cordialement cordiales cdt cdlt de des distinguées du en encore ensuite est et excellente excellent fonctionne infiniment je jour journée l'aide la le les maintenant madame mademoiselle meilleures mes mille monsieur nickel nous ok par parfait parfaitement pour prompte promptitude rapide rapidement rapidité réactivité réponse retour salut salutations sincères soirée suite super top tous tout toute toutes très un une vôtre vos votre vous week-end bravo génial l'équipe équipe c'était
a abrazo adiós agradable al amable amabilidad atención atentamente ayuda buen buena buenas bueno buenos con cordial cordiales cordialmente día días de el ella en equipo es está esta estupendo excelente fin fue funciona genial hola la las lo los mil muchas muchísimas muy noches para perfecto pronta por que rápida rápido respuesta saludo saludos semana señor señora servicio soporte su tarde tardes tiempo todo todos un una y ya vosotros ustedes usted vuestra
aiuto anche anticipo assistenza buon buona buonasera buongiorno cari ciao con cordiali di distinti e è essere fine funziona gentile gentilezza giornata il infinite l'aiuto la lei lo mille molte molto ora ottimo per perfetto perfettamente presto risposta rapida saluti saluto salve sera serata settimana supporto tante tanti tutti tutto un una vi voi velocissimi
abraço abraços ajuda atenção atenciosamente bem boa boas bom com cumprimentos da de dia dias do e é está excelente fim funcionando funcionou já linda maravilha melhores muita muitas muito muitíssimo noite o obrigadíssimo obrigadinho olá oi ótimo para pela pelo perfeito pronta rápida resolvido resposta retorno semana senhor senhora suporte tarde todos tudo um uma você vocês
alle allemaal alvast beste bij dag dank de den een en fijn fijne goed goede goedemiddag goedemorgen groet groeten groetjes hallo hartelijk hartelijke hartstikke heel helemaal het hoi hulp hè jij jou jullie met mooi nu opgelost perfect prettige reactie snelle super te team top u uw van veel voor vriendelijke weekend werkt zeer
bardzo bez błyskawiczną czas dla dni dnia dobre dobrego dobry dużo działa dzień i jest już miłego cześć na odpowiedź państwu pan pani panie panu pomoc pozdrawiam pozdrowienia poważaniem problem reakcję serdeczne serdecznie super szybka szybką świetnie teraz w weekendu wielkie wszystko wszystkiego witam z za
čas den dobrá dobrý hezký je já krásný mnohokrát moc ochotu pane paní pěkný perfektní pomoc pozdrav pozdravem pozdravuji předem přeji rychlé rychlou rychlost odpověď s skvělé super to už v velice velmi vše všechno vám vyřešeno za zdravím veľmi pekne krásne deň dobrý dobré všetko vopred za ochotu rýchlu pomoc prajem pekný ahoj
alle alt bedste dag dejlig den det dig en er fedt fin for fra fungerer godt god goddag hej hilsen hilsner hjælp hjælpen hurtig hurtige hurtigt i jer jeres kh med mig mvh nu ok og os perfekt rigtig så super svar svaret tusind uge vh venlig venlige virker weekend
alla allt bra bästa den det dig dej en er ert fin fint fungerar funkar för glad god ha hej hjälp hjälpen hälsning hälsningar helg jag mvh med mycket ni nu och ok oss perfekt på snabb snabba snabbt stort supersnabbt svar svaret så tusen toppen trevlig tusentals vänlig vänliga vänligen
bra deg den dere det en flott fint fungerer for god ha hei helg hilsen hjelp hjelpen hurtig jeg kjapt mvh med mye nå og oss perfekt rask raskt strålende så svar svaret tusen vennlig vennlige veldig
avusta avustanne ei erittäin hei heippa hienoa hyvin hyvä hyvää ja kaikki kovasti kunnossa loistavaa moi mukavaa nopea nopeasta nopeasti nyt ok ongelma paljon palvelusta parhain päivää päivänjatkoa ratkesi suuret suurkiitos terv terveisin tosi toimii vastauksesta viikonloppua ystävällisesti ystävällisin
a az előre gyors hálás jó jól kedves még minden mindent működik nagyon napot segítséget segítségét szép szépen szia sziasztok szuper tisztelettel üdv üdvözlettel választ válaszát és hétvégét
ajutor ajutorul bun bună buna foarte frumos funcționează de la mult pentru perfect rapid rapidă răspuns răspunsul salut seara seară stimă toate și si ziua zi o cu
brz brzi brzo brzom dan dobar hvala lijep lijepo lp mnogo na najljepša odgovor odgovoru odlično pomoć pomoći pozdrav poštovanjem puno radi s sada srdačan super sve sve5 u velika vama za lep lepa lepo zelo
большое большой быстрый быстро быструю в вам вас ваш вашу все всё вечер день дня добрый доброго за здравствуйте и из команде наилучшими огромное оперативный оперативность оперативную ответ отлично очень пожеланиями помощь помогло привет работает решена решено с сейчас супер теперь уважением уважаемая уважаемый хорошего удачи ок
велике вам вас великий вашу вітаю все гарного дня день добрий дуже допомогу за зараз з і найкращими повагою побажаннями працює супер швидку швидко швидка відповідь чудово щиро
bey bir bol cevap çalışmalar çalışıyor çok destek dilerim ederim ederiz ederirim en günler gün her hızlı hanım harika için ilginiz ilginize iyi kolay merhaba merhabalar mükemmel şey şimdi sana sayın saygılar saygılarımla selam selamlar size sizlere tamam tekrar ve yardım yardımınız yardımlarınız için cevabınız
άμεση απάντηση για γεια τη τις του εκτίμηση βοήθεια βοήθειά εντάξει ημέρα και καλή καλημέρα καλησπέρα με όλα πάρα πολύ σας σε την το υποστήριξη φιλικά χρόνο
רבה מאוד לך לכם שלום על העזרה בברכה הכל מעולה יום טוב ערב נהדר עזרתכם המהירה התגובה
جزيلا جزيلاً لك لكم على المساعدة كثيرا كثيراً مرحبا السلام عليكم تحياتي مع أطيب جدا ممتاز الرد السريع
banyak atas bantuan bantuannya nya salam pagi siang sore selamat sangat anda sudah tim baik
"""

_CJK_THANKS = (
    "谢谢",
    "謝謝",
    "感谢",
    "感謝",
    "多谢",
    "多謝",
    "ありがとう",
    "有難う",
    "有り難う",
    "感謝",
    "お礼",
    "助かりました",
    "감사",
    "고맙",
    "고마워",
    "cảm ơn",
    "cám ơn",
    "ขอบคุณ",
    "ขอบใจ",
)
_CJK_COURTESY = (
    "非常", "十分", "你们", "您们", "你的", "您的", "你", "您", "的", "帮助", "幫助", "支持", "回复", "回覆", "耐心", "好的", "收到", "解决", "解決", "已", "了", "问题", "問題", "没", "再次", "大家", "您好", "你好", "祝好", "此致", "敬礼", "老师", "我", "太", "很",
    "ございました", "ございます", "どうも", "本当に", "大変", "迅速な", "早速の", "ご対応", "対応", "ご返信", "返信", "いただき", "頂き", "お世話になっております", "お世話になりました", "了解しました", "了解です", "承知しました", "承知いたしました", "よろしくお願いいたします", "よろしくお願いします", "宜しくお願い致します", "いたします", "致します", "しました", "とても", "こんにちは", "以上", "様", "さん", "です", "ました", "ます", "を", "に", "の", "は", "も", "で", "お", "ご", "誠に",
    "합니다", "드립니다", "습니다", "니다", "했어요", "해요", "해결", "됐습니다", "되었습니다", "빠른", "답변", "도움", "정말", "너무", "대단히", "매우", "안녕하세요", "안녕히", "수고하세요", "수고하셨습니다", "좋은", "하루", "되세요", "도와주셔서", "주셔서", "의", "을", "를", "네", "님", "요",
    "rất", "nhiều", "bạn", "anh", "chị", "em", "các", "đã", "hỗ", "trợ", "trân", "trọng", "xin", "chào", "mọi", "người", "giúp", "đỡ", "ạ", "nhé",
    "มาก", "ครับ", "ค่ะ", "คะ", "สำหรับ", "ความช่วยเหลือ", "ช่วยเหลือ", "สวัสดี",
)  # fmt: skip


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold().replace("\u2019", "'").replace("i\u0307", "i")


_THANKS_WORDS = frozenset(_fold(_THANKS).split())
_COURTESY_WORDS = frozenset(_fold(_COURTESY).split()) | _THANKS_WORDS
_REQUESTS = frozenset(
    _fold(
        "but however except still unfortunately although though not don't doesn't didn't isn't can't cannot won't no nothing never "
        "aber jedoch leider nicht kein keine noch mais cependant toutefois pas malheureusement pero sin embargo aún todavía "
        "ma però purtroppo non ancora mas porém ainda não maar helaas niet geen ale jednak niestety nie bohužel ne men tyvärr inte "
        "desværre ikke dessverre mutta valitettavasti azonban sajnos nem dar însă din păcate nu ali nažalost no но однако "
        "к сожалению не але на жаль ama ancak fakat maalesef değil αλλά όμως δυστυχώς δεν אבל לא لكن لا"
    ).split()
)

_PLEASE = frozenset(
    _fold(
        "please pls bitte favor favore piacere plait plaît alsjeblieft alstublieft proszę prosím snälla venligst vennligst kérem rog molim пожалуйста прошу lütfen παρακαλώ"
    ).split()
)


def only_thanks(text: str) -> bool:
    """Whether the new text of a mail, without quote and signature, is nothing but thanks.

    False for anything with a question mark, a digit, an address or a link, for negations, and for more than
    ``MAX_OTHER_WORDS`` words that are neither thanks nor courtesy nor part of a name.
    """
    text = text.strip()
    if not text or len(text) > MAX_CHARACTERS or any(mark in text for mark in "?？؟;@/#%$€<>"):
        return False
    if any(char.isdigit() for char in text):
        return False
    folded = _fold(text)
    if any(thanks in folded for thanks in _CJK_THANKS):
        return _only_cjk_courtesy(folded)
    return _only_courtesy(text)


def _only_courtesy(text: str) -> bool:
    words = [word for word in (_bare(part) for part in text.replace("-", " ").split()) if word]
    folded = [_fold(word) for word in words]
    if not any(word in _THANKS_WORDS for word in folded) or any(word in _REQUESTS for word in folded):
        return False
    others = [word for word, low in zip(words, folded, strict=True) if low not in _COURTESY_WORDS]
    if others and any(word in _PLEASE for word in folded):
        return False
    return len(others) <= MAX_OTHER_WORDS and all(_may_be_name(word) for word in others)


def _bare(word: str) -> str:
    """A word without punctuation and pictures; apostrophes inside stay."""
    return "".join(char for char in word if char.isalpha() or char in "'\u2019").strip("'\u2019")


def _may_be_name(word: str) -> bool:
    """Capitalised, but not shouted: whole sentences in capitals have no names to tell from other words."""
    shouted = len(word) > 3 and word.isupper()
    return not word[0].islower() and not shouted


def _only_cjk_courtesy(folded: str) -> bool:
    """Where words are not divided by spaces: what is left without thanks and courtesy is at most a name."""
    for phrase in sorted((*_CJK_THANKS, *_CJK_COURTESY), key=len, reverse=True):
        folded = folded.replace(phrase, " ")
    rest = [_bare(part) for part in folded.split()]
    rest = [word for word in rest if word and word not in _COURTESY_WORDS]
    return sum(map(len, rest)) <= 8 and not any(word in _REQUESTS for word in rest)


__all__ = ["MAX_CHARACTERS", "MAX_OTHER_WORDS", "only_thanks"]
