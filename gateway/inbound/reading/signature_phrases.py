"""The words of signatures, closings, banners and disclaimers, by language. Data only; see ``phrases``."""

# ruff: noqa: E501

from __future__ import annotations

from gateway.inbound.reading.phrases import listed, words

MOBILE_SIGNATURES = tuple(
    sorted(
        words("""
sent from my | sent from a | sent from outlook | sent from mail | sent from yahoo | sent from gmail | sent from samsung | sent from typeapp | sent from bluemail | sent from blackberry | sent from acompli | sent from galaxy | sent from protonmail | sent from proton mail | sent from nine | sent from tuta | sent from spark | sent from mailspring | sent from aol | sent from newton | sent from airmail | sent from polymail | sent from superhuman | sent from zoho | sent from iphone | sent from ipad | sent from android | sent from phone | sent from mobile | sent from windows | sent from workspace | sent from fairemail | sent from hey | sent from missive | sent from front | sent from myphone | sent from huawei | sent from xiaomi | sent from email.bg | sent from the all new aol | sent from ios | sent from icloud | sent from att | sent from at&t | sent from xfinity | sent from mailbird | sent from edison | sent from thunderbird | sent from k-9
sent with | sent via | sent by my | sent on the go | sent using | get outlook for | download outlook | get bluemail | get typeapp | sent wirelessly | typed on | written on my | this message was sent from my
gesendet von meinem | gesendet von meiner | gesendet mit | von meinem | von meiner | von unterwegs | gesendet von outlook | gesendet von mail | gesendet von yahoo | gesendet aus | gesendet via | gesendet vom | gesendet von ipad | gesendet von iphone | diese nachricht wurde von meinem | outlook für | holen sie sich outlook | beziehen sie outlook | laden sie outlook
envoyé de mon | envoyé de ma | envoyé depuis | envoyé à partir | envoyé à l'aide | envoyé avec | envoyé par | envoyé d'un | envoyé de l' | envoyé de yahoo | envoyé de outlook | obtenez outlook | obtenir outlook | provenance : courrier | télécharger outlook | téléchargez outlook
enviado desde mi | enviado desde | enviado con | enviado vía | obtener outlook | obtén outlook | descargar outlook | enviat des de
enviado do meu | enviado da minha | enviado do | enviado a partir | enviado através | enviado por | enviado via | enviada do meu | enviado com | obter o outlook | obtenha o outlook | baixar o outlook
inviato da | inviato dal | inviata da | inviato con | inviato tramite | scarica outlook | ottieni outlook
verzonden vanaf | verzonden met | verstuurd vanaf | verstuurd met | verzonden vanuit | verstuurd via | verstuurd vanuit | verzonden via | outlook voor | outlook downloaden | download outlook voor
wysłano z | wysłane z | wysłano przy użyciu | wysłano za pomocą | pobierz program outlook | pobierz aplikację outlook | wiadomość wysłana z
odesláno z | odoslané z | odoslané cez | získat outlook | získať outlook | odesláno pomocí | posláno z
sendt fra min | sendt fra | sendt med | sendt via | hent outlook | få outlook | skaff deg outlook | last ned outlook
skickat från min | skickat från | skickat med | skickat via | skaffa outlook | hämta outlook
lähetetty | hanki outlook | hae outlook
küldve | elküldve | az iphone | az ipad | a samsung | az outlook beszerzése | iphone-ról küldve | ipadről küldve
trimis de pe | trimis din | trimis cu | obțineți outlook | trimis prin
poslano s | poslano sa | poslano iz | poslano putem | poslato sa | poslato iz | preuzmite outlook | nabavite outlook | dohvati outlook
отправлено с | отправлено из | отправлено через | отправлено от | послано с | скачать outlook | скачайте outlook | отправлено на | з моего | надіслано з | надіслано через | відправлено з | надіслано від | отримати outlook | изпратено от | изпратено с | изтеглете outlook
iphone'umdan gönderildi | ipad'imden gönderildi | iphone'dan gönderildi | samsung'dan gönderildi | outlook'u edinin | android için outlook | ios için outlook | gönderen: iphone
στάλθηκε από | εστάλη από | απεστάλη από | αποκτήστε το outlook | λήψη του outlook
iphoneから送信 | ipadから送信 | androidから送信 | 私のiphoneから送信 | outlook for ios を入手 | outlook for android を入手 | windows 10 版のメール | iphoneより送信
从我的 | 发自我的 | 發自我的 | 来自我的 | 從我的 | 获取outlook | 获取 outlook | 取得 outlook | 下载 outlook | 发送自 | 發送自 | 寄件自 | 从 windows | 發自 | 发自
나의 iphone에서 보냄 | 내 iphone에서 보냄 | 나의 iphone | 내 iphone | 내 galaxy | 삼성 갤럭시 | iphone에서 보냄 | android용 outlook | ios용 outlook | galaxy에서 보냄 | 나의 갤럭시
נשלח מה | נשלח מ | قام بإرسالها | أُرسلت من | أرسلت من | مرسل من | تم الإرسال من | تم الإرسال من جهازي | الحصول على outlook | قم بتنزيل outlook | đã gửi từ | được gửi từ | gửi từ | tải outlook | ส่งจาก | dikirim dari | saadetud minu | saadetud | nosūtīts no | išsiųsta iš
via mobile
"""),
        key=len,
        reverse=True,
    )
)
"""Beginnings of the line that a phone or a client adds below what was written."""

CLOSINGS = words("""
regards | best regards | kind regards | warm regards | kindest regards | warmest regards | with regards | with kind regards | with best regards | with warm regards | many regards | rgds | br | kr | best | all the best | best wishes | with best wishes | sincerely | yours sincerely | sincerely yours | yours faithfully | faithfully | yours truly | very truly yours | respectfully | cordially | cheers | warmly | take care | thanks and regards | thanks & regards | thank you and regards | thanks and best regards | thanks and kind regards | many thanks and best regards | thanks & best regards | thanks, regards | with appreciation | respectfully yours | yours
mit freundlichen grüßen | mit freundlichen grüssen | mit freundlichem gruß | mit freundlichem gruss | freundliche grüße | freundliche grüsse | mit besten grüßen | mit besten grüssen | beste grüße | beste grüsse | viele grüße | viele grüsse | liebe grüße | liebe grüsse | herzliche grüße | herzliche grüsse | schöne grüße | mfg | vg | lg | hg | gruß | grüße | grüsse | gruss | hochachtungsvoll | mit herzlichen grüßen | mit vielen grüßen | besten gruß | besten gruss | lieben gruß | mit lieben grüßen | freundlicher gruß | freundlichen gruß | freundlichst | danke und gruß | danke und viele grüße | vielen dank und viele grüße | vielen dank und freundliche grüße | herzlichst
cordialement | bien cordialement | très cordialement | cdt | cdlt | bien à vous | bien à toi | salutations | meilleures salutations | sincères salutations | salutations distinguées | respectueusement | amicalement | bonne journée | bonne soirée | cordiales salutations | sincèrement | avec mes meilleures salutations | veuillez agréer mes salutations distinguées | belle journée | merci et bonne journée | à bientôt
saludos | saludos cordiales | un saludo | un cordial saludo | cordiales saludos | atentamente | cordialmente | atte | atte. | muy atentamente | un abrazo | un fuerte abrazo | saludos atentos | reciba un cordial saludo | sin otro particular | salutacions | salutacions cordials | slds
cordiali saluti | distinti saluti | saluti | un saluto | un cordiale saluto | cari saluti | tanti saluti | buona giornata | buona serata | a presto | grazie e cordiali saluti | grazie e saluti | i miei migliori saluti | con i migliori saluti
atenciosamente | att | att. | cumprimentos | com os melhores cumprimentos | melhores cumprimentos | os melhores cumprimentos | abraço | abraços | abs | saudações | cordiais saudações | respeitosamente | um abraço | com os meus cumprimentos | grato | grata
met vriendelijke groet | met vriendelijke groeten | vriendelijke groet | vriendelijke groeten | mvg | groet | groeten | groetjes | hartelijke groet | hartelijke groeten | met hartelijke groet | hoogachtend | mvrgr | m.v.g. | met groet | beste groeten | alvast bedankt en groet
pozdrawiam | serdecznie pozdrawiam | pozdrawiam serdecznie | pozdrowienia | z poważaniem | z powazaniem | z wyrazami szacunku | z pozdrowieniami | pozdr | pozdr. | łączę pozdrowienia | łączę wyrazy szacunku | pozdrawiamy
s pozdravem | s přátelským pozdravem | zdravím | s úctou | hezký den | pěkný den | srdečně zdravím | s pozdravom | s priateľským pozdravom | zdravím vás | pekný deň | pozdravujem | pozdravuji | přeji hezký den | děkuji a přeji hezký den
med venlig hilsen | venlig hilsen | mvh | mvh. | hilsen | mange hilsner | bedste hilsner | kh | kærlig hilsen | de bedste hilsner | vh | med venlige hilsner | venlige hilsner | hilsner | med vennlig hilsen | vennlig hilsen | vennlige hilsener | beste hilsener | med hilsen | hilsen fra | mange hilsener | beste hilsen | ha en fin dag | hav en god dag
med vänlig hälsning | med vänliga hälsningar | vänliga hälsningar | vänlig hälsning | hälsningar | hälsning | m.v.h. | bästa hälsningar | allt gott | hej då | med bästa hälsningar | vänligen | vänligaste hälsningar | ha det bra
ystävällisin terveisin | ystävällisesti | terveisin | t. | yst. terv. | terv. | terv | parhain terveisin | kunnioittavasti | yt | ystävällisin terveisin, | lämpimin terveisin | hyvää päivänjatkoa | lugupidamisega | parimate soovidega | tervitades
üdvözlettel | tisztelettel | köszönettel | üdv | üdv. | szívélyes üdvözlettel | üdvözlöm | baráti üdvözlettel | szép napot
cu stimă | cu stima | cu respect | toate cele bune | numai bine | cu prietenie | o zi bună | o zi buna | salutări | vă salut
srdačan pozdrav | lijep pozdrav | pozdrav | lp | s poštovanjem | s poštovanjem, | srdačno | lep pozdrav | lepo pozdravljeni | s spoštovanjem | srdačni pozdravi | puno pozdrava | lijepi pozdravi | с поштовањем | поздрав
с уважением | с наилучшими пожеланиями | всего доброго | всего хорошего | с наилучшими | с ув. | с ув | искренне ваш | хорошего дня | з повагою | з найкращими побажаннями | щиро ваш | гарного дня | с уважение | поздрави | с поздрав | с найлучшими пожеланиями
saygılarımla | saygılar | saygılarımızla | sevgiler | selamlar | iyi çalışmalar | iyi günler | iyi günler dilerim | iyi çalışmalar dilerim | teşekkürler, iyi çalışmalar | en iyi dileklerimle
με εκτίμηση | φιλικά | χαιρετισμούς | με φιλικούς χαιρετισμούς | ευχαριστώ, με εκτίμηση
此致 | 此致敬礼 | 顺祝商祺 | 祝好 | 顺颂商祺 | 敬上 | 敬具 | 以上 | 드림 | 감사합니다. 드림
בברכה | בכבוד רב | בידידות | تحياتي | مع أطيب التحيات | مع خالص التحية | مع تحياتي | أطيب التحيات | وتفضلوا بقبول فائق الاحترام | trân trọng | thân mến | kính thư | trân trọng cảm ơn | thân ái | ขอแสดงความนับถือ | salam | hormat kami | hormat saya | terima kasih dan salam
ar cieņu | pagarbiai | su pagarba | linkėjimai | kveðja | bestu kveðjur | med vennleg helsing
""")

BANNERS = listed("""
originated from outside | originates from outside | originating from outside | is from an external | this is an external email | external email
external sender | external message | you don't often get email from | some people who received this message don't often get email from
caution: external | sent from outside of | came from outside | stammt von ausserhalb | von ausserhalb der organisation | externe e-mail
externer absender | sie erhalten nicht oft | sie erhalten nicht häufig | provient de l'extérieur | expéditeur externe | courriel externe
e-mail externe | vous n'obtenez pas souvent | no suele recibir | se originó fuera | correo externo | remitente externo | não costuma receber
remetente externo | email externo | originou-se fora | mittente esterno | email esterna | non si ricevono spesso | afkomstig van buiten
externe afzender | u ontvangt niet vaak | spoza organizacji | zewnętrzny nadawca
""")
"""What mail systems put above the text of mail from outside."""

DISCLAIMERS = listed("""
disclaimer | confidentiality notice | confidentiality note | confidentiality: | notice of confidentiality | important notice: | legal notice
privileged and confidential | the information contained in this | the information in this e-mail | the information in this email
the contents of this e | this e-mail and any | this email and any | this message and any | this e-mail (including | this email (including
this message (including | this e-mail is confidential | this email is confidential | this e-mail may contain | this email may contain
this message may contain | this message contains confidential | this communication (including | if you are not the intended recipient
if you have received this | please consider the environment | consider the environment before | think before you print | save a tree | virus-free
this email has been scanned | this e-mail has been scanned | this email has been checked for viruses | this email was scanned | avast logo
no virus found | to unsubscribe from this group | you received this message because you are subscribed | you are receiving this because you
reply to this email directly or view it | diese e-mail enthält vertrauliche | diese e-mail kann vertrauliche | diese nachricht enthält vertrauliche
diese e-mail ist vertraulich | der inhalt dieser e-mail ist | die information in dieser | vertraulichkeitshinweis | haftungsausschluss
hinweis zum datenschutz | diese e-mail wurde von avast | virenfrei | bitte denken sie an die umwelt | denken sie an die umwelt
ce message et toutes les pièces | ce message et ses pièces | ce message peut contenir | cet e-mail peut contenir | avis de confidentialité
pensez à l'environnement | garanti sans virus | este mensaje puede contener | la información contenida en este | aviso legal
aviso de confidencialidad | libre de virus | as informações contidas nesta | aviso de confidencialidade | livre de vírus
le informazioni contenute in quest | avviso di riservatezza | informativa sulla privacy | privo di virus | dit bericht is | dit bericht kan
de informatie in dit | de inhoud van dit bericht | virusvrij | treść tej wiadomości | informacje zawarte w | wolny od wirusów | без вирусов
""")
"""How the paragraph begins that lawyers and scanners put below the text."""

WEAK_DISCLAIMERS = listed("""
este correo electrónico | este e-mail | esta mensagem | este email | questo messaggio | questa e-mail | deze e-mail | ta wiadomość
niniejsza wiadomość | denna e-post | detta meddelande | denne e-mail | denne e-post | denne meddelelse | tämä viesti | tato zpráva | tento e-mail
táto správa | ez az üzenet | acest mesaj | ova poruka | это сообщение | данное сообщение | цей лист | bu e-posta | bu mesaj | αυτό το μήνυμα | このメールは
本邮件 | 本郵件 | 이 메일은 | הודעה זו | هذه الرسالة | ce courriel | avertissement : | antes de imprimir | sans virus | this e-mail message
this electronic message | this email is intended | this e-mail is intended | this message is intended | this communication is | este mensaje y
ce message et | diese e-mail | diese nachricht | ce message | cet e-mail | este mensaje | le informazioni contenute | dit bericht
эта электронная почта
""")
"""As above, where a word of ``CONFIDENTIAL`` stands in the same paragraph."""

CONFIDENTIAL = listed("""
confiden | privileged | intended recipient | virus | vertraul | destinat | riservat | poufn | důvěrn | dôvern | fortrolig | konfiden | luottamuks
bizalmas | povjerljiv | конфиденц | конфіденц | gizli | εμπιστευτ | 機密 | 保密 | 机密 | 기밀 | סודי | سرية | bảo mật | vertrouwelijk | environment
environnement | imprimir
""")
