"""The words of dates: month names, time zones, parts of the day, Chinese numerals."""

from __future__ import annotations

import unicodedata

_MONTHS_BY_LANGUAGE = (
    "january february march april may june july august september october november december",
    "jan feb mar apr may jun jul aug sep oct nov dec",
    # French
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "janv févr mars avr mai juin juil août sept oct nov déc",
    # German
    "januar februar märz april mai juni juli august september oktober november dezember",
    "jän feb mär apr mai jun jul aug sep okt nov dez",
    "jänner febr mrz apr mai juni juli aug sept okt nov dez",
    # Spanish, Portuguese, Italian
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "ene feb mar abr may jun jul ago sept oct nov dic",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "jan fev mar abr mai jun jul ago set out nov dez",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "gen feb mar apr mag giu lug ago set ott nov dic",
    # Dutch, Danish, Norwegian, Swedish
    "januari februari maart april mei juni juli augustus september oktober november december",
    "januar februar marts april maj juni juli august september oktober november desember",
    "januari februari mars april maj juni juli augusti september oktober november december",
    # Polish, Czech
    (
        "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada"
        " grudnia"
    ),
    "sty lut mar kwi maj cze lip sie wrz paź lis gru",
    "ledna února března dubna května června července srpna září října listopadu prosince",
    # Hungarian
    (
        "január február március április május június július augusztus szeptember október november"
        " december"
    ),
    "jan febr márc ápr máj jún júl aug szept okt nov dec",
    # Turkish, Finnish, Indonesian
    "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık",
    (
        "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta"
        " syyskuuta lokakuuta marraskuuta joulukuuta"
    ),
    "januari februari maret april mei juni juli agustus september oktober november desember",
    # Greek: genitive and short forms, with and without accent
    (
        "ιανουαρίου φεβρουαρίου μαρτίου απριλίου μαΐου ιουνίου ιουλίου αυγούστου σεπτεμβρίου"
        " οκτωβρίου νοεμβρίου δεκεμβρίου"
    ),
    "ιαν φεβ μάρ απρ μάι ιούν ιούλ αύγ σεπ οκτ νοέ δεκ",
    "ιαν φεβ μάώ απρ μαϊ ιον ιολ αυγ σετ οκτ νοέ δεκ",
    # Russian, Ukrainian
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "янв фев мар апр май июн июл авг сен окт ноя дек",
    "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
)


def fold_word(word: str) -> str:
    """Return the word in small letters without accents, as MONTHS is keyed."""
    if word.isascii():
        return word.lower()
    split = unicodedata.normalize("NFD", word.lower())
    return "".join(letter for letter in split if not unicodedata.combining(letter))


MONTHS: dict[str, int] = {
    fold_word(name): number
    for language in _MONTHS_BY_LANGUAGE
    for number, name in enumerate(language.split(), start=1)
}
MONTHS["sept"] = 9

# Offsets in minutes. RFC 822 §5.1 for the American names, then the ones seen in feeds. CST is not
# here: it means China to a Chinese source and Chicago to an American one.
ZONES: dict[str, int] = {
    "z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "azot": -60,
    "est": -300, "edt": -240, "et": -300, "cdt": -300, "ct": -360,
    "mst": -420, "mdt": -360, "mt": -420, "pst": -480, "pdt": -420, "pt": -480,
    "akst": -540, "akdt": -480, "hst": -600, "ast": -240, "at": -240, "adt": -180,
    "nst": -210, "ndt": -150,
    "brt": -180, "art": -180, "clt": -240,
    "bst": 60, "west": 60, "cet": 60, "met": 60, "mez": 60, "cest": 120, "mest": 120, "mesz": 120,
    "eet": 120, "sast": 120, "eest": 180, "msk": 180, "trt": 180, "msd": 240, "gst": 240,
    "pkt": 300, "ist": 330, "npt": 345, "ict": 420, "wib": 420,
    "hkt": 480, "sgt": 480, "myt": 480, "pht": 480, "awst": 480,
    "jst": 540, "kst": 540, "acst": 570, "aest": 600, "acdt": 630, "aedt": 660,
    "nzst": 720, "nzdt": 780,
}  # fmt: skip
CST_AMERICA_MINUTES = -360

# Part of the day → is it after noon? Small hours and mornings keep their number.
PARTS_OF_DAY: dict[str, str] = {
    "凌晨": "early", "清晨": "am", "早上": "am", "早晨": "am", "上午": "am", "早": "am", "晨": "am",
    "中午": "noon", "午间": "noon", "正午": "noon",
    "下午": "pm", "午后": "pm", "傍晚": "pm", "晚上": "pm", "晚间": "pm", "夜间": "pm",
    "深夜": "pm", "夜里": "pm", "晚": "pm", "夜": "pm", "午夜": "midnight", "半夜": "midnight",
}  # fmt: skip

CHINESE_DIGITS = {
    "〇": 0, "零": 0, "○": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4,
    "五": 5, "六": 6, "七": 7, "八": 8, "九": 9,
}  # fmt: skip
WEEKDAYS = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6, "末": 5}
