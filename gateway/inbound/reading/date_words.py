"""Names of months and weekdays, by language. Data only."""

# ruff: noqa: E501

from __future__ import annotations

from gateway.inbound.reading.phrases import key

_MONTH_LINES = """
jan january januar jänner janvier janv enero ene gennaio gen janeiro januari stycznia styczeń sty leden ledna led január januára tammikuu tammikuuta tammi ianuarie ian siječnja siječanj sij januarja янв января січня січ ocak oca ιαν ιανουαρίου ιανουάριος januara gener януари яну jaanuar ינואר ינו בינו بינואר يناير januarie janvāris sausio
feb february februar février févr fév fevr febrero febbraio fevereiro fev februari lutego luty lut únor února úno február februára helmikuu helmikuuta helmi februarie veljače veljača velj фев февр февраля лютого лют şubat şub φεβ φεβρουαρίου febrer veebruar février februara פברואר פבר בפבר בפברואר فبراير vasario
mar march märz mär mars marzo março marec maart mrt marca marzec březen března bře március márc marec marca maaliskuu maaliskuuta maalis martie ožujka ožujak ožu мар марта березня бер mart μαρ μαρτίου març märts marts מרץ במרץ مارس kovo
apr april avril avr abril abr aprile aprilie kwietnia kwiecień kwi duben dubna dub április ápr apríl apríla huhtikuu huhtikuuta huhti travnja travanj tra апр апреля квітня квіт кві nisan nis απρ απριλίου aprill aprila אפריל אפר באפר באפריל أبريل ابريل balandžio
may mai mayo maggio mag maio mei maj maja květen května kvě május máj mája toukokuu toukokuuta touko svibnja svibanj svi мая май травня трав тра mayıs μαΐ μάι μαΐου maig maijs מאי במאי مايو gegužės
jun june juni juin junio giugno giu junho czerwca czerwiec cze červen června čvn június jún júna kesäkuu kesäkuuta kesä iunie iun lipnja lipanj lip июн июня червня черв haziran haz ιουν ιουνίου juny juuni junija יוני ביוני يونيو יוני birželio
jul july juli juillet juil julio luglio lug julho lipca lipiec červenec července čvc július júl júla heinäkuu heinäkuuta heinä iulie iul srpnja srpanj srp июл июля липня лип temmuz tem ιουλ ιουλίου juliol juuli julija יולי ביולי يوليو liepos
aug august août aout agosto ago agostо augustus sierpnia sierpień sie srpen srpna augusztus augusta elokuu elokuuta elo kolovoza kolovoz kol авг августа серпня серп ağustos ağu αυγ αυγούστου agost augusti avgusta אוגוסט אוג באוג באוגוסט أغسطس اغسطس rugpjūčio
sep sept september septembre septiembre settembre set setembro septembrie września wrzesień wrz září zář szeptember szept septembra syyskuu syyskuuta syys rujna rujan ruj сен сент сентября вересня вер eylül eyl σεπ σεπτ σεπτεμβρίου setembre ספטמבר ספט בספט בספטמבר سبتمبر rugsėjo
oct october oktober okt octobre octubre ottobre ott outubro out października październik paź říjen října říj október októbra lokakuu lokakuuta loka lokak octombrie listopada lis окт октября жовтня жовт ekim eki οκτ οκτωβρίου octubre oktoober oktobra אוקטובר אוק באוק באוקטובר أكتوبر اكتوبر spalio
nov november novembre noviembre novembro noiembrie noi listopadu listopad novembra marraskuu marraskuuta marras studenoga studeni stu ноя нояб ноября листопада лист kasım kas νοε νοεμ νοεμβρίου november נובמבר נוב בנוב בנובמבר نوفمبر lapkričio
dec december dezember dez décembre déc diciembre dic dicembre dezembro decembrie grudnia grudzień gru prosinec prosince pro decembra joulukuu joulukuuta joulu prosinca prosinac дек декабря грудня груд aralık ara δεκ δεκεμβρίου desember des desembre detsember deseembre דצמבר דצמ בדצמ בדצמבר ديسمبر gruodžio
"""
"""A line a month, January first."""

MONTHS: dict[str, int] = {}
for _number, _line in enumerate(_MONTH_LINES.strip().splitlines(), start=1):
    for _word in _line.split():
        MONTHS.setdefault(key(_word), _number)

_WEEKDAY_LINES = """
mon monday tue tues tuesday wed wednesday thu thur thurs thursday fri friday sat saturday sun sunday
mo montag di dienstag mi mittwoch do donnerstag fr freitag sa samstag sonnabend so sonntag lun lundi mar mardi mer mercredi jeu jeudi ven vendredi sam samedi dim dimanche
lunes martes mié mie miércoles jue jueves vie viernes sáb sab sábado domingo dom lunedì martedì mercoledì gio giovedì venerdì sabato domenica seg segunda ter terça qua quarta qui quinta sex sexta
ma maandag dinsdag wo woensdag donderdag vr vrijdag za zaterdag zo zondag pon poniedziałek wt wtorek śr środa czw czwartek pt piątek niedz niedziela po pondělí út úterý st středa čt čtvrtek pá pátek so ne neděle
pondelok utorok streda štvrtok piatok sobota nedeľa man mandag tir tirsdag ons onsdag tor torsdag fre fredag lør lørdag søn søndag mån måndag tis tisdag tors lördag lör söndag sön
maanantai maanantaina ma tiistai ti keskiviikko ke torstai torstaina to perjantai pe lauantai la sunnuntai su hétfő kedd szerda csütörtök péntek szombat vasárnap h sze cs
luni marți miercuri joi vineri sâmbătă duminică mie ponedjeljak utorak srijeda četvrtak petak subota nedjelja sri uto čet pet sub ned
пн понедельник вт вторник ср среда чт четверг пт пятница сб суббота вс воскресенье пнд понеділок вівторок середа четвер п'ятниця субота неділя нд
pzt pazartesi sal salı çar çarşamba per perşembe cum cuma cmt cumartesi paz pazar δευ δευτέρα τρί τρίτη τετ τετάρτη πέμ πέμπτη παρ παρασκευή σάβ σάββατο κυρ κυριακή
"""

WEEKDAYS = frozenset(map(key, _WEEKDAY_LINES.split()))
