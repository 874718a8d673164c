"""How machines announce themselves, as data. Everything is casefolded with single spaces.

Subjects of automatic replies are those that Exchange, Gmail, Notes, Zimbra, cPanel and Sieve installations write
in the languages they come in.
"""

from __future__ import annotations

# Local parts that send delivery reports.
BOUNCE_SENDERS: frozenset[str] = frozenset(
    {
        "mailer-daemon", "mailerdaemon", "mailer_daemon", "mail-daemon", "maildaemon", "mail.daemon", "mailsystem",
        "mail-system", "mail_system", "mdaemon", "mmdf", "double-bounce", "postmaster", "post_master",
        "post-master", "microsoftexchange329e71ec88ae4615bbc36ab6ce41109e",
    }
)  # fmt: skip

# Local parts that send them among much else.
ROBOTS: frozenset[str] = frozenset(
    {
        "postoffice", "mailadmin", "mail-admin", "mailmaster", "uucp", "no-reply", "noreply", "donotreply",
        "nobody", "root", "administrator", "admin", "sysadmin", "system", "notification", "notifications",
        "delivery",
    }
)  # fmt: skip

# Words in a local part that no person's address has.
MACHINE_WORDS: tuple[str, ...] = (
    "daemon", "mailer", "smtp", "bounce", "mail_service", "mailservice", "postmaster", "gateway", "ndr", "imss",
    "antivirus", "antispam", "mailscanner",
)  # fmt: skip

BOUNCE_NAMES: tuple[str, ...] = (
    "mailer-daemon", "mailer daemon", "mail delivery system", "mail delivery subsystem", "mail delivery service",
    "mail delivery daemon", "mail delivery agent", "internet mail delivery", "mail system", "mail administrator",
    "mail router", "mail transport", "system administrator", "systemadministrator", "systemadministratör",
    "administrateur système", "administrador del sistema", "amministratore di sistema", "postmaster",
    "microsoft outlook", "content-filter", "bounced mail", "returned mail", "memo router",
)  # fmt: skip

BOUNCE_SUBJECTS: tuple[str, ...] = (
    "undeliverable", "undelivered", "undeliver", "unable to deliver", "non delivery", "non-delivery",
    "nondelivery", "not delivered", "not deliverable", "could not be delivered", "couldn't be delivered",
    "cannot be delivered", "can not be delivered", "was not delivered", "wasn't delivered",
    "delivery status notification", "delivery status", "delivery notification", "delivery failure",
    "delivery failed", "delivery has failed", "delivery problem", "delivery error", "delivery report",
    "delivery warning", "delivery delayed", "delivery unsuccessful", "deliver failure", "failure delivery",
    "failure notice", "failure report", "failed delivery", "failed: ", "mail failure", "mail error",
    "mail system error", "mail delivery", "message delivery", "email delivery", "e-mail delivery",
    "message status", "message blocked", "blocked by our", "mta-blocked", "returned mail", "returned email",
    "returned message", "returned to sender", "returning to sender", "mail failed", "failed mail",
    "not yet been delivered", "has not been delivered", "automatically rejected", "error during delivery",
    "permanent delivery", "returning message to sender", "return to sender", "bounced", "bounce notification",
    "nondeliverable", "unknown user", "user unknown", "invalid address", "unknown address", "mailbox full",
    "mailbox is full", "over quota", "quota exceeded", "error sending your mail", "mail couldn't be",
    "could not send message", "warning: could not send", "message you sent blocked", "rejected mail",
    "mail rejected", "message rejected", "email rejected", "loop alert", "nicht zugestellt", "unzustellbar",
    "nicht zustellbar", "zustellung fehlgeschlagen", "zustellfehler", "zustellungsfehler",
    "fehler bei der zustellung", "mailzustellung", "non remis", "non distribué", "échec de la remise",
    "echec de la remise", "échec de remise", "message non délivré", "non consegnato", "mancato recapito",
    "recapito non riuscito", "impossibile recapitare", "no se puede entregar", "no se pudo entregar",
    "no entregado", "no entregable", "fallo en la entrega", "error de entrega", "correo devuelto", "não entregue",
    "não entregável", "não é possível entregar", "falha na entrega", "falha de entrega", "mensagem devolvida",
    "onbestelbaar", "niet bezorgd", "niet afgeleverd", "niedostarczone", "niedostarczalne", "nie dostarczono",
    "не доставлено", "недоставленное", "не удается доставить", "невозможно доставить", "ошибка доставки",
    "går inte att leverera", "kunde inte levereras", "kan ikke leveres", "kunne ikke leveres", "ikke levert",
    "toimittaminen epäonnistui", "ei voitu toimittaa", "nedoručiteln", "nedoručen", "teslim edilemedi",
    "iletilemedi", "kézbesíthetetlen", "kézbesítés", "nelivrabil", "unelivered", "αδύνατη η παράδοση",
    "メールエラー", "配信不能", "配信できません", "配送エラー", "送信できません", "エラーメール", "退信",
    "无法送达", "未送达", "無法傳遞", "投递失败", "系统退信", "배달되지 않음", "배달할 수 없음", "반송",
)  # fmt: skip

# Beginnings of subjects that only the mail system writes, be it from an ordinary address.
MAIL_SYSTEM_SUBJECTS: tuple[str, ...] = (
    "undeliverable:", "undeliverable mail", "undelivered mail", "undeliverable message", "non-delivery:",
    "non delivery:", "nondeliverable", "returned mail", "mail delivery failed", "mail delivery failure",
    "message delivery failure", "delivery status notification", "failure notice", "mail system error",
    "unzustellbar:", "non remis", "no entregado:", "no se puede entregar:", "não entregue", "non recapitabile:",
    "onbestelbaar:", "niedostarczone:", "не доставлено:", "не удается доставить:", "配信不能:", "无法送达:",
    "メールエラー",
)  # fmt: skip

# Sentences of notices; each is said by mail servers and hardly by people in the first lines of a letter.
BOUNCE_NOTICES: tuple[str, ...] = (
    "automated message created by mail delivery", "failed recipients", "failed addresses follow",
    "list of the affected recipient", "requested action not taken", "was automatically rejected",
    "has encountered delivery problems", "did not reach the following", "could not be reached",
    "has not yet been delivered", "has not been delivered", "fatal delivery errors", "n'a pas pu etre delivre",
    "this message was created automatically by", "this is an automatically generated delivery status",
    "this is a delivery status notification", "this is the mail system at host", "this is the mailer-daemon",
    "this is the qmail", "this is the postfix program", "this is the email security", "this is the mail delivery",
    "hi. this is the", "hi. the mta", "your message did not reach", "your message could not be delivered",
    "your message was not delivered", "your message has been rejected", "your message wasn't delivered",
    "your mail could not be delivered", "your mail message to the following", "your email could not be delivered",
    "your email message was not delivered", "your mail sent on", "your message cannot be delivered",
    "your message can't be delivered", "message could not be delivered", "message cannot be delivered",
    "mail could not be delivered", "message was not delivered", "message was undeliverable",
    "message was not relayed", "not delivered to", "i wasn't able to deliver", "i'm sorry to have to inform you",
    "i'm afraid i wasn't able", "unable to deliver", "we were unable to deliver", "could not deliver",
    "couldn't be delivered", "could not be delivered", "undeliverable", "undelivered", "delivery to the following",
    "delivery of your message", "delivery has failed", "delivery failed", "delivery failure", "failed to deliver",
    "the following addresses had", "the following recipients", "the following recipient(s)",
    "the following address failed", "the following address(es) failed", "the following message to",
    "following recipients did not receive", "an error occurred while trying to deliver",
    "error following rcpt command", "rejected by a remote mail server", "recipient's mailbox is full",
    "permanent fatal errors", "transient non-fatal errors", "delivery problems", "transcript of session follows",
    "original message was received at", "we had trouble delivering", "trouble delivering your message",
    "unknown user:", "user unknown", "invalid final delivery userid", "no such user", "duplicated message-id in",
    "non-delivery report", "has been returned", "is being returned", "mail is returned",
    "error: invalid user address", "550 ", "554 ", "could not send your message", "konnte nicht zugestellt werden",
    "kunne ikke leveres", "n'a pas pu être remis", "n'a pas pu être délivré", "no pudo ser entregado",
    "no se ha podido entregar", "não pôde ser entregue", "non è stato possibile recapitare",
    "не может быть доставлено", "не было доставлено", "送信できませんでした", "配信できませんでした",
    "届けることができません", "无法投递", "无法送达",
)  # fmt: skip

REPLY_PREFIXES: tuple[str, ...] = (
    "re:", "re :", "re[", "aw:", "antw:", "antwort:", "sv:", "vs:", "odp:", "ynt:", "rv:", "res:", "r:", "ref:",
    "rif:", "fwd:", "fw:", "wg:", "tr:", "enc:", "i:", "vl:", "doorst:", "pd:", "vb:", "vid.:", "回复", "答复",
    "转发", "轉寄", "回覆", "返信", "転送", "atb:", "továbbítás:", "прежен:", "re：", "fwd：", "отв:", "на:",
)  # fmt: skip

# Beginnings of subjects that only automatic replies have; what follows is the subject that was answered.
AUTO_PREFIXES: tuple[str, ...] = (
    "automatic reply", "auto reply", "auto-reply", "autoreply", "auto response", "auto-response", "autoresponse",
    "autoresponder", "auto-responder", "automated reply", "automated response", "automatic response", "auto:",
    "automatically generated reply", "automatic answer", "auto answer", "out of office autoreply",
    "out of office auto-reply", "out of office reply", "out of office response", "out-of-office reply",
    "[auto-reply]", "[autoreply]", "[auto reply]", "[automatic reply]", "(auto-reply)", "***auto",
    "vacation reply", "vacation response", "away notice", "vacation autoreply", "automatische antwort",
    "autom. antwort", "automatische rückmeldung", "automatische reaktion", "automatische abwesenheit",
    "abwesenheitsnotiz", "abwesenheitsmeldung", "abwesenheitsbenachrichtigung", "abwesenheitsassistent",
    "automatisierte antwort", "automatische eingangsbestätigung", "réponse automatique", "reponse automatique",
    "message d'absence", "notification d'absence", "absence du bureau", "respuesta automática",
    "respuesta automatica", "autorrespuesta", "autorespuesta", "auto respuesta", "resposta automàtica",
    "risposta automatica", "risponditore automatico", "messaggio automatico", "resposta automática",
    "resposta automatica", "automatisch antwoord", "automatische beantwoording", "automatisch bericht",
    "automatyczna odpowiedź", "odpowiedź automatyczna", "autoodpowiedź", "автоматический ответ", "автоответ",
    "автоматична відповідь", "автоматичен отговор", "аутоматски одговор", "automatiskt svar", "autosvar",
    "automatisk svar", "svar automatisk", "automaattinen vastaus", "automatická odpověď", "automatická odpoveď",
    "automatikus válasz", "răspuns automat", "raspuns automat", "samodejni odgovor", "automatski odgovor",
    "automatinis atsakymas", "automātiskā atbilde", "automātiska atbilde", "automaatne vastus", "automaatvastus",
    "otomatik yanıt", "otomatik cevap", "αυτόματη απάντηση", "sjálfvirkt svar", "përgjigje automatike",
    "trả lời tự động", "balasan otomatis", "balasan automatik", "jawapan automatik", "ตอบกลับอัตโนมัติ",
    "การตอบกลับอัตโนมัติ", "自動応答", "自動返信", "自动答复", "自动回复", "自動回覆", "自動回復", "不在通知",
    "자동 회신", "자동 응답", "자동회신", "رد تلقائي", "الرد التلقائي", "پاسخ خودکار", "מענה אוטומטי",
    "תשובה אוטומטית", "स्वचालित उत्तर", "स्वतः उत्तर",
)  # fmt: skip

# Beginnings that a person may write as well: they need company.
ABSENCE_PREFIXES: tuple[str, ...] = (
    "out of office", "out of the office", "out-of-office", "ooo:", "ooto:", "oof:", "[ooo]", "on vacation",
    "on holiday", "on leave", "on annual leave", "away from my mail", "away from the office", "away from office",
    "absence:", "abwesenheit", "nicht im büro", "ich bin nicht im büro", "urlaub", "eingangsbestätigung",
    "absent du bureau", "absence", "en congé", "fuera de la oficina", "fuera de oficina", "ausente", "ausencia",
    "fuori sede", "fuori ufficio", "assenza", "assente", "fora do escritório", "ausência", "afwezig",
    "niet aanwezig", "poza biurem", "nieobecność", "вне офиса", "нет на месте", "отпуск", "frånvaro",
    "frånvarande", "ej på kontoret", "semester", "ikke på kontoret", "ikke til stede", "ikke tilstede", "fravær",
    "fraværende", "poissa", "poissaolo", "mimo kancelář", "mimo kanceláriu", "nepřítomnost", "neprítomnosť",
    "házon kívül", "ofis dışında", "işyeri dışında", "εκτός γραφείου", "不在の連絡", "休暇", "外出通知", "부재중",
    "休假", "不在办公室", "خارج المكتب",
)  # fmt: skip

# Words anywhere in a subject that tell an absence: Notes writes "Casey Client is out of the office".
ABSENCE_SUBJECTS: tuple[str, ...] = (
    "is out of the office", "is out of office", "out of office autoreply", "will be out of the office",
    "is on vacation", "is on leave", "ist außer haus", "ist nicht im büro", "ist im urlaub", "ist abwesend",
    "ist nicht im hause", "est absent", "est en congé", "está fuera de la oficina", "está ausente",
    "è fuori ufficio", "è assente", "está fora do escritório", "is afwezig", "is niet aanwezig",
    "jest poza biurem", "är inte på kontoret", "er ikke på kontoret", "отсутствует", "в отпуске", "不在です",
    "不在にしております",
)  # fmt: skip

# Words anywhere in a subject that hint at a machine's answer.
ANSWER_SUBJECTS: tuple[str, ...] = (
    "out of office", "out of the office", "out-of-office", "autoreply", "auto-reply", "auto reply",
    "automatic reply", "autoresponder", "on vacation", "abwesenheit", "réponse automatique", "absence du bureau",
    "fuera de la oficina", "respuesta automática", "risposta automatica", "fuori sede", "resposta automática",
    "automatisch antwoord", "autoresponse", "auto response", "auto-response", "自動返信", "自动回复", "自動応答",
    "автоответ", "is away", "thank you for contacting", "thank you for your email", "thank you for your message",
    "we have received your", "your request has been received", "we received your",
)  # fmt: skip

# Sentences in which a machine says that it is one.
AUTO_TEXTS: tuple[str, ...] = (
    "this is an automatic reply", "this is an automated reply", "this is an auto reply", "this is an auto-reply",
    "this is an automated response", "this is an automatic response", "this is an auto response",
    "this is an automated message", "this is an automatic message", "this is an automatically generated",
    "this is a computer generated", "automatically generated reply", "automatically generated response",
    "this message was generated automatically", "this email was generated automatically",
    "your message will not be forwarded", "your email will not be forwarded", "your mail will not be forwarded",
    "this mailbox is not monitored", "this email address is not monitored", "this inbox is not monitored",
    "dies ist eine automatische", "dies ist eine automatisch", "diese e-mail wurde automatisch",
    "automatisch generierte", "automatisch erstellte", "ihre e-mail wird nicht weitergeleitet",
    "ihre nachricht wird nicht weitergeleitet", "ihre mail wird nicht weitergeleitet",
    "ceci est une réponse automatique", "ceci est un message automatique", "esta es una respuesta automática",
    "este es un mensaje automático", "questa è una risposta automatica", "esta é uma resposta automática",
    "dit is een automatisch", "to jest automatyczna", "wiadomość automatyczna", "это автоматический ответ",
    "detta är ett automatiskt", "dette er et automatisk", "tämä on automaattinen", "toto je automatická",
    "ez egy automatikus", "bu otomatik bir", "これは自動", "自動返信メール", "本邮件为自动", "这是自动回复",
    "자동으로 발송", "자동 회신입니다",
)  # fmt: skip

# Sentences of absence notes, looked for in the first lines of the new text.
ABSENCE_TEXTS: tuple[str, ...] = (
    "i am out of the office", "i'm out of the office", "i am currently out of", "i'm currently out of",
    "i will be out of the office", "i'll be out of the office", "i will be out of office", "i am out of office",
    "i'm out of office", "currently out of the office", "currently out of office", "am away from the office",
    "i am away from my", "i'm away from my", "i am on vacation", "i'm on vacation", "i will be on vacation",
    "i am on holiday", "i am on annual leave", "i'm on annual leave", "i am on leave", "i am on parental leave",
    "i am on maternity leave", "limited access to email", "limited access to my email", "no access to email",
    "intermittent access to email", "will reply upon my return", "respond upon my return", "reply when i return",
    "respond when i return", "thank you for your email. i am", "i no longer work", "no longer with the company",
    "no longer works", "no longer employed", "no longer monitored", "ich bin derzeit nicht",
    "ich bin zur zeit nicht", "ich bin zurzeit nicht", "ich bin momentan nicht", "ich bin aktuell nicht",
    "ich bin nicht im büro", "ich bin nicht im haus", "bin ich nicht im büro", "ich bin nicht im hause",
    "nicht erreichbar", "im urlaub", "in elternzeit", "außer haus", "bin ich wieder erreichbar", "je suis absent",
    "je suis actuellement absent", "je suis en congé", "je serai absent", "je serai de retour",
    "estoy fuera de la oficina", "estaré fuera", "me encuentro fuera", "estoy de vacaciones",
    "estaré de vacaciones", "no estaré disponible", "sono fuori ufficio", "sono assente", "sarò assente",
    "sono in ferie", "sarò fuori ufficio", "estou fora do escritório", "estarei ausente", "estou de férias",
    "estarei de férias", "estou ausente", "ik ben afwezig", "ik ben niet aanwezig", "ik ben niet op kantoor",
    "ik ben met vakantie", "ik ben op vakantie", "jestem poza biurem", "przebywam na urlopie", "jestem na urlopie",
    "jestem nieobecn", "я в отпуске", "нахожусь в отпуске", "меня нет в офисе", "я отсутствую",
    "буду отсутствовать", "я у відпустці", "jag är inte på kontoret", "jag är på semester", "jag är ledig",
    "jag är tillbaka", "jeg er ikke på kontoret", "jeg er på ferie", "jeg holder ferie", "jeg har ferie",
    "jeg er fraværende", "olen lomalla", "olen poissa", "en ole paikalla", "jsem mimo kancelář",
    "nejsem v kanceláři", "mám dovolenou", "čerpám dovolenou", "som mimo kancelárie", "nem vagyok az irodában",
    "szabadságon vagyok", "sunt în concediu", "nu sunt la birou", "ofis dışındayım", "izindeyim", "ofiste değilim",
    "λείπω", "βρίσκομαι εκτός γραφείου", "不在にしております", "休暇中", "不在のため", "外出しております",
    "外出中", "我不在办公室", "我正在休假", "休假中", "我在休假", "我目前不在", "부재중입니다", "휴가 중",
    "휴가중", "خارج المكتب", "אני לא במשרד", "אני בחופשה",
)  # fmt: skip

# Subjects of read receipts that are no RFC 8098 report (Exchange to Exchange and Outlook's own).
RECEIPT_PREFIXES: tuple[str, ...] = (
    "read:", "not read:", "read receipt", "return receipt", "gelesen:", "ungelesen gelöscht:", "lu :", "lu:",
    "non lu", "leído:", "leido:", "letto:", "lida:", "gelezen:", "przeczytane:", "прочтено:", "прочитано:",
    "läst:", "læst:", "lest:", "luettu:", "přečteno:", "okundu:", "開封済み:", "既読:", "已读:", "已讀:", "읽음:",
    "disposition notification",
)  # fmt: skip

RECEIPT_TEXTS: tuple[str, ...] = (
    "was read on", "was deleted without being read", "this is a return receipt", "this is a receipt for the mail",
    "wurde gelesen", "wurde am", "a été lu", "se leyó", "è stato letto", "foi lida", "is gelezen",
    "было прочитано",
)  # fmt: skip

# Fields that only robots set, whatever their value (unless it denies).
AUTO_REPLY_FIELDS: tuple[str, ...] = (
    "x-autoreply", "x-auto-reply", "x-autoreply-from", "x-auto-reply-from", "x-autorespond", "x-auto-respond",
    "x-autoresponder", "x-auto-responder", "x-autoresponse", "x-auto-response", "x-mail-autoreply",
    "x-mail-autorespond", "x-autogenerated-reply", "x-vacation", "x-vacation-reply", "x-facebook-notify-reply",
    "x-cron-autoreply", "x-domain-autoreply", "x-qmail-autoresponder", "x-away-message",
)  # fmt: skip

BULK_FIELDS: tuple[str, ...] = (
    "x-autogenerated", "x-auto-generated", "x-fc-machinegenerated", "x-fc-machine-generated",
    "x-machine-generated", "x-loop", "x-no-loop", "x-otrs-loop", "x-zammad-loop", "x-loop-prevention",
    "x-cron-env", "x-mailing-list", "x-list", "x-campaign", "x-campaignid", "x-campaign-id", "x-mc-user",
    "x-csa-complaints", "x-mailer-recptid", "x-mass-mail", "x-bulkmail", "x-newsletter",
)  # fmt: skip

# Complaints of providers that send the whole mail back without an RFC 5965 part.
FEEDBACK_SUBJECTS: tuple[str, ...] = (
    "complaint about message from", "email feedback report for ip", "client tos notification",
)  # fmt: skip

# Help desks whose agents' answers bear the marks of bulk mail.
HELP_DESK_FIELDS: tuple[str, ...] = ("x-rt-ticket", "rt-ticket", "x-rt-loop-prevention")

# Programs that people write with (X-Mailer, User-Agent).
HUMAN_CLIENTS: tuple[str, ...] = (
    "microsoft outlook", "outlook express", "thunderbird", "apple mail", "iphone mail", "ipad mail", "k-9 mail",
    "roundcube", "squirrelmail", "horde", "evolution", "kmail", "mutt", "foxmail", "the bat!", "yahoomail",
    "ymail", "windows mail", "windows live mail", "airmail", "sylpheed", "claws mail", "opera mail", "eudora",
    "lotus notes", "mailbird", "em client", "emclient", "fairemail", "spark", "bluemail", "zimbra", "sogo",
)  # fmt: skip
