"""Where an address in running text ends: languages that put no blank behind a word put their marks there instead.

A mark in an address's host is cut off, with what follows, where no name of that kind can exist: the last label of a
host is of ASCII letters, or one of the few of other scripts that there are.
"""

from __future__ import annotations

import unicodedata
from urllib.parse import unquote

from sluicegate.text.patterns import Late

__all__ = ["ended"]

_AUTHORITY = Late(r"[a-zA-Z][a-zA-Z0-9+.\-]*:[/\\]*[^/\\?#]*|[/\\]*[^/\\?#]*")
_MARK = Late(
    r"[\u00ab\u00bb\u2010-\u2015\u2018-\u201f\u2022\u2026\u2039\u203a\u060c\u061b\u061f\u06d4\u0964\u0965\u3001\u3002\u3008-\u3011"
    r"\u3014-\u301f\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f\uff3b\uff3d\uff5b\uff5d\uff61-\uff64*]"
)
_UNSEEN = Late("[\u00ad\u034f\u061c\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")
_DOTS = Late(r"[.\u3002\uff0e\uff61]")
_LAST = Late(r"[a-z0-9][a-z0-9\-]*")
_LABELS = """
中国 中國 香港 台湾 台灣 臺灣 澳门 澳門 新加坡 한국 닷컴 닷넷 삼성 ไทย คอม рф укр срб бел
мкд бг қаз мон ею ком орг сайт онлайн дети москва
католик ελ ευ հայ გე ישראל קום ایران السعودية امارات مصر قطر الاردن الجزائر المغرب تونس
عمان فلسطين سورية سودان عراق اليمن البحرين موريتانيا مليسيا پاکستان بھارت بارت ڀارت كوم شبكة موقع
بازار همراه كاثوليك عرب بيتك اتصالات ابوظبي ارامكو العليان موبايلي भारत भारतम् भारोत कॉम नेट संगठन
বাংলা ভারত ভাৰত ਭਾਰਤ ભારત ଭାରତ భారత్ ಭಾರತ ഭാരതം இந்தியா இலங்கை சிங்கப்பூர் ලංකා ລາວ 公司 网络 網路
在线 中文网 网址 网店 网站 商城 商店 商标 集团 我爱你 移动 公益 机构 组织机构 政务 政府 世界 企业
佛山 广东 手机 信息 八卦 慈善 时尚 娱乐 招聘 新闻 游戏 点看 购物 通販 餐厅 食品 健康 嘉里 嘉里大酒店
家電 大拿 大众汽车 天主教 微博 淡马锡 珠宝 联通 香格里拉 亚马逊 诺基亚 谷歌 飞利浦 工行 书籍
电讯盈科 電訊盈科 セール コム ストア ファッション グーグル クラウド ポイント みんな アマゾン
"""
_TOP = frozenset(_LABELS.split())
"""Last labels beyond ASCII that are delegated."""


def ended(written: str) -> str:
    """`written` up to the mark of the sentence that it runs into."""
    authority = _AUTHORITY.match(written)
    if authority is None or (mark := _MARK.search(written, 0, authority.end())) is None:
        return written
    # As a browser reads it: percent codes, full width and what nobody sees may make up a last label that there is.
    name = unicodedata.normalize("NFKC", _UNSEEN.sub("", unquote(authority[0], errors="replace")))
    labels = _DOTS.sub(".", name).rstrip(".").split(".")
    last = labels[-1].partition(":")[0].casefold()
    exists = len(labels) > 1 and (_LAST.fullmatch(last) or last in _TOP)
    return written if exists else written[: mark.start()]
