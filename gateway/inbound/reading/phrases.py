"""The words mail clients put around quoted and forwarded text, by language. Data only.

Every word stands in the form that :func:`key` gives: casefolded, single spaces, no marks of direction.
Languages stand together where a word is shared; a word needs to be listed once.
"""

# ruff: noqa: E501

from __future__ import annotations

import unicodedata

INVISIBLE = dict.fromkeys(
    map(ord, "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff\u00ad")
)


def key(text: str) -> str:
    """How words are compared: NFC, casefolded, invisible marks dropped, white space single."""
    if text.isascii():
        return " ".join(text.lower().split())
    shown = unicodedata.normalize("NFC", text.translate(INVISIBLE)).casefold().replace("i̇", "i")
    return " ".join(shown.split())


def words(block: str) -> frozenset[str]:
    """Words divided by ``|`` or line ends."""
    return frozenset(key(word) for line in block.splitlines() for word in line.split("|") if word.strip())


def listed(block: str) -> tuple[str, ...]:
    """As ``words``, in order."""
    return tuple(key(word) for line in block.splitlines() for word in line.split("|") if word.strip())


FROM_LABELS = words("""
from | von | absender | de | expéditeur | da | mittente | van | afzender | od | nadawca | odesílatel | odosielateľ
fra | afsender | avsender | från | avsändare | lähettäjä | saatja | feladó | küldő | expeditor | expeditorul | de la | šalje | pošiljatelj
pošiljalac | pošilja | от | отправитель | от кого | від | від кого | відправник | от кого:
kimden | gönderen | από | αποστολέας | remetente | remitente | enviado por | 发件人 | 寄件人 | 寄件者 | 发信人 | 差出人 | 送信者 | 送信元
보낸 사람 | 보낸사람 | 발신자 | 발신인 | מאת | من | المرسل | từ | người gửi | จาก | dari | pengirim | nuo | sūtītājs | siuntėjas | de part de
од | пошиљалац | изпращач | подател | šalje:
""")
DATE_LABELS = words("""
date | sent | datum | gesendet | gesendet am | fecha | enviado | enviado el | enviado em | enviada | enviada em | enviado a | data | inviato | inviato il
date d'envoi | envoyé | envoyé le | message du | verzonden | verzonden op | verstuurd | wysłano | data wysłania | odesláno | odoslané | odoslaná | dato | sendt | skickat | skickat den
päivämäärä | päiväys | lähetetty | dátum | elküldve | küldve | dată | trimis | trimis la | poslano | poslato | dne | kuupäev | saadetud
дата | отправлено | дата отправки | надіслано | відправлено | датa | tarih | gönderildi | gönderilen | gönderme tarihi | gönderilme tarihi | ημερομηνία | στάλθηκε | απεσταλμένα | απεστάλη
日期 | 发送时间 | 發送時間 | 发送日期 | 傳送時間 | 寄件日期 | 时间 | 時間 | 送信日時 | 日時 | 日付 | 送信日 | 보낸 날짜 | 날짜 | 보낸날짜 | 일시 | 발송일
תאריך | נשלח | נשלח בתאריך | التاريخ | تاريخ | تاريخ الإرسال | تم الإرسال | أرسلت | ngày | đã gửi | gửi | thời gian | วันที่ | ส่งเมื่อ | tanggal | dikirim | terkirim | datums | nosūtīts | išsiųsta | изпратено | датум
sent at | date sent | date/time | on | dags | időpont
""")
TO_LABELS = words("""
to | an | empfänger | à | pour | destinataire | destinataires | para | destinatario | destinatari | a | aan | ontvanger | do | adresat | komu | pre | príjemca | příjemce | til | till | mottagare | mottaker | modtager
vastaanottaja | kellele | saaja | címzett | către | catre | destinatarul | destinatar | pentru | prima | za | primatelj | кому | получатель | одержувач | kime | alıcı | προς | παραλήπτης | destinatário | destinatária
收件人 | 收信人 | 收件者 | 宛先 | 送信先 | 받는 사람 | 받는사람 | 수신자 | 수신인 | 수신 | אל | לכבוד | إلى | الى | المستلم | المرسل إليه | đến | tới | tới: | người nhận | ถึง | kepada | untuk | kam | kam: | до | за | per a
""")
CC_LABELS = words("""
cc | c.c. | kopie | kopie (cc) | kopi | kopia | kopio | kópia | kópie | copie | copie à | copia | cópia | kopja | másolat | másolatot kap | dw | do wiadomości | udw | копия | копія | bilgi | bilgi (cc) | karbon kopya | κοιν | κοιν. | κοινοποίηση
抄送 | 副本 | 抄送人 | 참조 | העתק | עותק | نسخة | نسخة إلى | đồng gửi | สำเนา | tembusan | copia a | koopia | bcc | bcc: | skrytá kopie | blindkopie | в копии | kópia (cc) | cópia (cc) | kopi til | kopia till | c.c | cci
""")
SUBJECT_LABELS = words("""
subject | betreff | objet | sujet | asunto | assunto | oggetto | onderwerp | temat | předmět | predmet | věc | emne | ämne | ärende | aihe | teema | tárgy | subiect | subiectul | naslov | predmet: | zadeva | тема | предмет
konu | θέμα | 主题 | 主旨 | 主題 | 标题 | 標題 | 件名 | 題名 | 제목 | נושא | הנושא | الموضوع | موضوع | chủ đề | tiêu đề | เรื่อง | perihal | subjek | относно | tema | temats | assumpte | efni
""")
REPLY_TO_LABELS = words("""
reply-to | reply to | antwort an | antworten an | répondre à | réponse à | responder a | rispondi a | beantwoorden | antwoord aan | odpowiedz do | svar til | svar til: | svara till | svar till | vastausosoite | vastaa | responder para | yanıtlama adresi | yanıt adresi | ответить | адрес для ответа
返信先 | 回复 | 回复至 | 回覆 | odpovědět | odpovedať na | válaszcím | odgovori na | răspuns către | відповісти
importance | wichtigkeit | priority | priorität | attachments | attachment | anlagen | organization | organisation | mailed-by | signed-by | resent-from | resent-to | sender
""")

LABELS: dict[str, str] = {
    **dict.fromkeys(REPLY_TO_LABELS, "other"),
    **dict.fromkeys(CC_LABELS, "cc"),
    **dict.fromkeys(DATE_LABELS, "date"),
    **dict.fromkeys(TO_LABELS, "to"),
    **dict.fromkeys(SUBJECT_LABELS, "subject"),
    **dict.fromkeys(FROM_LABELS, "from"),
}
"""Label to role: from, date, to, cc, subject, other."""
MAX_LABEL = max(map(len, LABELS)) + 4

WROTE = words("""
wrote | writes | sent | schrieb | schreibt | geschrieben | écrit | ecrit | escribió | escribio | escrito | scritto | scrive | schreef | geschreven | escreveu | escreve | napisał | napisała | napisał(a) | napisal | napisał/a | pisze
napsal | napsal(a) | napsala | píše | napísal | napísala | napísal(a) | skrev | skreiv | skriver | kirjoitti | kirjutas | írta | ezt írta | scris | scrie | napisao | napisala | napisao/la | piše | yazdı | yazmış | έγραψε | έγραψες | γράφει
написал | написала | написал(а) | пишет | пише | написав | написала | написав(ла) | пишете | написа | viết | כתב | כתבה | כתב/ה | כתב: | كتب | كتبت | menulis | escrigué | escriure | rašė | rakstīja | skrifaði | написао
เขียน | เขียนว่า | schreef: | ha escrito | answered | replied
""")
WROTE_CJK = (
    "写道",
    "寫道",
    "写到",
    "书写",
    "のメール",
    "のメッセージ",
    "書きました",
    "님이 작성",
    "작성:",
    "께서 작성",
    "썼습니다",
    "님이 쓴",
    "撰写",
    "เขียน",
)

FIRST_PERSON = words("""
i | we | i've | i'd | my | our | ich | wir | mir | j'ai | je | nous | mon | yo | nosotros | io | noi | ho | eu | nós | ik | wij | ja | my | já | jag | vi | jeg | minä | me | én | mi | я | мы | ми | ben | biz | εγώ | εμείς
""") - words("je | my | me | mi | vi | ja")
"""Who says so tells of what was written, and does not quote. Words that are auxiliaries elsewhere are left out."""
AFTER_VERB = words("""
je | følgende | följande | den | the following | following | so | this | that | şunu | ovo | toto | tak
""")
"""What may stand between the verb and the colon besides a name."""

OPENERS = words("""
on | at | le | am | um | il | el | op | em | a | w | dnia | dne | dňa | den | d. | på | på: | in | in data | il giorno | på den | la | pe | la data | în | dana | u | vào | vào lúc | lúc | στις | στην | в | на | 在 | 于 | 於 | בתאריך | ב | في | pada | tarihinde | ons | kell | datum | em: | no dia | de | den: | dana: | am: | on: | el día | mnt | dňa: | yn
""")

ORIGINAL_MESSAGE = words("""
original message | original email | original mail | original appointment | originalnachricht | ursprüngliche nachricht | original-nachricht | ursprüngliche mail | message d'origine | message original | message initial | courriel original
mensaje original | mensagem original | messaggio originale | messaggio original | oorspronkelijk bericht | origineel bericht | oorspronkelijke boodschap | wiadomość oryginalna | oryginalna wiadomość | treść oryginalnej wiadomości
originální zpráva | původní zpráva | pôvodná správa | oprindelig meddelelse | oprindelig besked | oprindelig mail | opprinnelig melding | original melding | originalmelding | ursprungligt meddelande | originalmeddelande | ursprungligt mejl
alkuperäinen viesti | eredeti üzenet | eredeti levél | mesaj original | mesajul original | originalna poruka | izvorna poruka | izvirno sporočilo | orijinal mesaj | orjinal mesaj | özgün ileti | orijinal ileti | asıl ileti | αρχικό μήνυμα | αυθεντικό μήνυμα
исходное сообщение | оригинальное сообщение | пересылаемое сообщение | первоначальное сообщение | вихідне повідомлення | оригінальне повідомлення | початкове повідомлення | оригинално съобщение
原始邮件 | 原始郵件 | 原始邮件信息 | 原邮件 | 邮件原件 | 原始消息 | 原信件 | 元のメッセージ | 元のメール | オリジナルメッセージ | 원본 메시지 | 원본 메일 | 원본메시지 | 원본 내용 | הודעה מקורית | הודעה מקורית: | الرسالة الأصلية | رسالة أصلية | thư gốc | tin nhắn gốc | ข้อความต้นฉบับ | pesan asli | pesan asal | algne kiri | algne sõnum | sākotnējais ziņojums | pradinis laiškas
reply message | replied message | previous message | begin original message | original message follows | vorherige nachricht | anfang der ursprünglichen nachricht | previous replies | vorherige antworten
""")

PROCESSED_BY = ("original message processed by", "originalnachricht verarbeitet durch", "message original traité par")
"""What a few clients write above the quote instead of a drawn line."""

FORWARD_MARKERS = words("""
forwarded message | begin forwarded message | forwarded email | forwarded mail | forwarded by | start of forwarded message | begin forwarded mail | fwd | fwd.msg | forwarded message follows | forward message | mail forwarded message | forwarded conversation
weitergeleitete nachricht | anfang der weitergeleiteten nachricht | anfang der weitergeleiteten e-mail | weitergeleitete e-mail | weitergeleitete mail | weitergeleitet von
message transféré | message transmis | début du message réexpédié | début du message transféré | message réexpédié | courriel transféré | début du courriel transféré | mail transféré | message transféré de
mensaje reenviado | inicio del mensaje reenviado | mensaje re-enviado | correo reenviado | inici del missatge reenviat | missatge reenviat
mensagem encaminhada | mensagem reencaminhada | início da mensagem encaminhada | início da mensagem reencaminhada | início de mensagem reencaminhada | e-mail encaminhado | mensagem enviada
messaggio inoltrato | inizio messaggio inoltrato | inizio del messaggio inoltrato | e-mail inoltrata | mail inoltrata
doorgestuurd bericht | begin doorgestuurd bericht | doorgestuurde bericht | doorgestuurde e-mail | start doorgestuurd bericht
przekazana wiadomość | wiadomość przesłana dalej | początek przekazywanej wiadomości | treść przekazanej wiadomości | przesłana wiadomość | przekazywana wiadomość | wiadomość przekazana | przesłana dalej wiadomość | początek wiadomości przekazanej
přeposlaná zpráva | začátek přeposílané zprávy | přeposlaný e-mail | přeposílaná zpráva | předaná zpráva
preposlaná správa | začiatok preposlanej správy | preposlaný e-mail | preposlaná emailová správa
videresendt meddelelse | start på videresendt besked | videresendt besked | videresendt mail | videresendt email | videresendt e-mail
videresendt melding | start på videresendt melding | videresend melding | videresendt epost | videresendt e-post
vidarebefordrat meddelande | vidarebefordrat mejl | vidarebefordrat brev | vidarebefordrat e-postmeddelande | början på vidarebefordrat meddelande | vidarebefordrat e-post | vidarebefordrat mail
välitetty viesti | välitetty viesti alkaa | edelleenlähetetty viesti | välitetty viesti / fwd.msg | edelleen lähetetty viesti
továbbított üzenet | továbbított levél kezdete | továbbított levél | továbbított e-mail | továbbított üzenet kezdete
mesaj redirecționat | începe mesajul redirecționat | mesaj redirecţionat | mesaj retrimis | mesaj transmis | mesaj înaintat | începutul mesajului redirecționat
proslijeđena poruka | započni proslijeđenu poruku | početak proslijeđene poruke | prosleđena poruka | prosljeđena poruka | početak prosleđene poruke | прослеђена порука | posredovano sporočilo | začetek posredovanega sporočila
пересылаемое сообщение | перенаправленное сообщение | начало переадресованного сообщения | пересылаемое письмо | переадресованное сообщение | пересланное сообщение | начало пересылаемого сообщения | начало пересылаемого письма
переслане повідомлення | перенаправлене повідомлення | початок листа, що пересилається | початок переадресованого повідомлення | пересланий лист | переслане письмо | препратено съобщение | препратено писмо | начало на препратеното съобщение
iletilen ileti | iletilmiş mesaj | ileti başlangıcı | yönlendirilen ileti | iletilen mesaj | yönlendirilen mesaj | yönlendirilmiş ileti | iletilmiş ileti | i̇letilmiş mesaj | iletilen e-posta
προωθημένο μήνυμα | αρχή προωθημένου μηνύματος | προωθούμενο μήνυμα | έναρξη προωθημένου μηνύματος
メッセージを転送 | 転送されたメッセージ | 転送されたメール | 転送メッセージ | 転送メール | 転送 | 転送されたメッセージ:
转发的邮件 | 转发邮件 | 转发信息 | 转发的邮件信息 | 转发的消息 | 以下是转发的邮件 | 開始轉寄郵件 | 轉寄的郵件 | 轉寄郵件 | 轉寄訊息 | 已轉寄郵件 | 轉寄的訊息 | 開始轉寄訊息 | 已转发邮件 | 转发邮件信息 | 以下是轉寄的郵件 | 开始转发的邮件 | 下面是被转发的邮件
전달된 메시지 | 전달된 메일 | 전달 메시지 | 전달한 메시지 | 전달된 메시지 시작 | 전달 메일
הודעה שהועברה | הודעה מועברת | תחילת ההודעה שהועברה | תחילת הודעה שהועברה | رسالة معاد توجيهها | رسالة مُعاد توجيهها | الرسالة المعاد توجيهها | بدء الرسالة المعاد توجيهها | بداية الرسالة المعاد توجيهها | رسالة محولة | الرسالة المحولة
thư được chuyển tiếp | thư đã chuyển tiếp | thư chuyển tiếp | tin nhắn được chuyển tiếp | bắt đầu thư được chuyển tiếp | tin nhắn chuyển tiếp | ข้อความที่ส่งต่อ | อีเมลที่ส่งต่อ | pesan terusan | pesan yang diteruskan | pesan diteruskan | awal pesan terusan | mulai pesan yang diteruskan
edastatud kiri | edastatud sõnum | edasisaadetud kiri | edastatud kirja algus | pārsūtīts ziņojums | pārsūtītā vēstule | persiųstas laiškas | persiunčiamas laiškas | áframsend skilaboð
""")

REPLY_PREFIXES = words("""
re | aw | antw | antwort | sv | svar | vs | vá | odp | odg | ynt | yan | yanıt | ref | res | rif | r | rép | rép. | réf | resp | bls | ad | atb | ats | att | απ | σχετ | σχετ. | отв | отв. | ответ | отг | 回复 | 回覆 | 答复 | 返信 | 답장 | 회신 | תשובה | השב | רד | رد | trả lời | phúc đáp | balas | ตอบ | odpověď | odpoveď | відп | re^2 | tr re | antwoord | betr
""")
FORWARD_PREFIXES = words("""
fw | fwd | wg | weitergeleitet | tr | trans | i | inoltro | inoltrato | rv | reenv | reenviado | enc | encaminhado | res enc | doorst | doorgestuurd | pd | przek | předat | přeposláno | preposlané | vb | vidarebefordra | vl | välitetty | vs: fwd | videresend | videresendt | vidsendt | redir | redir. | redirecționat | továbbítás | továbbított | iltilen | ilt | i̇lt | ylt | iletilen | проброс | пер | переслано | пересл | перенаправлено | προώθ | πρθ | 转发 | 轉寄 | 轉發 | 転送 | 전달 | הועבר | העברה | إعادة توجيه | chuyển tiếp | trs | edast | edasi | fs | prosl | proslijeđeno | naprej | tov | terusan
""")
"""Subject prefixes, without colon. ``vs`` is Danish for forward and Finnish for reply: it counts as reply unless a forward is found."""

REPLY_ABOVE = listed("""
reply above this line | type your reply above | write above this line | please reply above | above this line to reply | reply above the line
write above the line | enter your reply above | add your reply above | antworten sie oberhalb dieser | antwort oberhalb dieser linie
oberhalb dieser linie | oberhalb dieser zeile | répondez au-dessus de cette ligne | répondre au-dessus de cette ligne | au-dessus de cette ligne
por encima de esta línea | encima de esta línea | acima desta linha | sopra questa riga | sopra questa linea | boven deze regel | boven deze lijn
powyżej tej linii | nad tento řádek | nad týmto riadkom | over denne linje | over denne linjen | ovanför denna rad | ovanför den här raden
tämän rivin yläpuolelle | e sor fölé | deasupra acestei linii | deasupra acestui rând | iznad ove crte | iznad ove linije | выше этой линии
выше этой строки | вище цієї лінії | вище цього рядка | bu satırın üstüne | bu çizginin üzerine | πάνω από αυτή τη γραμμή | この行より上に | この線の上に | 在此行上方
在这行上方 | 在此線上方 | 이 줄 위에 | מעל שורה זו | فوق هذا السطر | phía trên dòng này
""")
"""What desks write above their own mails so that a reply can be told from the quote."""
