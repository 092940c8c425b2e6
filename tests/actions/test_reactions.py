"""Reactions are emoji: no words, no markup; each person once for each emoji."""

import pytest

import klatch
from klatch.actions import reactions
from klatch.errors import Invalid, LimitReached
from klatch.models import Reaction
from klatch.text.emoji import EMOJI
from tests.conftest import make_room, make_user

FINE = [
    "🎉", "👍", "❤️", "❤", "☕", "⚠️", "✅", "‼️", "⁉️", "↩️", "⏳", "⬆️", "ℹ️", "Ⓜ️", "㊗️", "〰️", "🆗", "🅰️", "🈚",
    "🇯🇵", "🇹🇼", "🇰🇷", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🏴‍☠️", "🏳️‍🌈",
    "1️⃣", "#️⃣", "*️⃣", "0⃣",
    "👍🏽", "👩🏿‍🚀", "👨‍👩‍👧‍👦", "👩🏻‍❤️‍💋‍👨🏿", "🧑🏽‍🤝‍🧑🏼", "❤️‍🔥", "🐻‍❄️", "🙋🏻‍♀️", "👁️‍🗨️", "🫠", "🤷🏿‍♂️",
]  # fmt: skip
WRONG = [
    "", " ", "a", "ok", "LGTM", "да", "は", "漢", "ㅋ", "é", "ß", "1", "12", "#", "*", "!", "?!", "…", "©", "®",
    "<b>", "<>", "</>", "<", "=", "+", "→x", "&lt;", "$", "€",
    "🎉a", "a🎉", "🎉 ", " 🎉", "🎉🎉", "👍👎", "☎0123456", "1🎉", "🎉\n", "🎉\u202e", "🎉<",
    "🇫🇺🇨🇰", "🇯", "🅰🅱", "🄰", "⠓⠊", "㍿", "①",
    "\ufe0f", "\u200d", "\u20e3", "🏽🎉", "🎉\u200d", "\u200d🎉", "🎉\u200d\u200d🎉", "🎉" + "\u0301" * 10,
    "1\u20e31\u20e3",
]  # fmt: skip


@pytest.mark.parametrize("emoji", FINE)
def test_an_emoji_of_any_make_is_taken(emoji: str) -> None:
    reactions.check_emoji(emoji)


@pytest.mark.parametrize("text", WRONG, ids=ascii)
def test_words_markup_and_more_than_one_sign_are_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        reactions.check_emoji(text)
    assert "emoji" in refused.value.extra["fields"]


def test_every_emoji_that_a_short_code_stands_for_can_be_a_reaction() -> None:
    for emoji in EMOJI.values():
        reactions.check_emoji(emoji)


@pytest.mark.django_db
def test_setting_twice_is_one_reaction_and_taking_back_twice_is_none() -> None:
    rosa = make_user()
    message = klatch.post(make_room(rosa), rosa, "hello")
    assert reactions.react(rosa, message.pk, "🎉", True) is not None
    assert reactions.react(rosa, message.pk, "🎉", True) is None
    assert Reaction.objects.count() == 1
    assert reactions.react(rosa, message.pk, "🎉", False) is not None
    assert reactions.react(rosa, message.pk, "🎉", False) is None
    assert Reaction.objects.count() == 0


@pytest.mark.django_db
def test_a_message_takes_twenty_kinds_and_no_more_but_more_people_for_each() -> None:
    rosa, ben = make_user(), make_user()
    message = klatch.post(make_room(rosa, ben), rosa, "hello")
    kinds = [chr(0x1F600 + number) for number in range(reactions.KINDS_A_MESSAGE)]
    for kind in kinds:
        reactions.react(rosa, message.pk, kind, True)
    with pytest.raises(LimitReached):
        reactions.react(ben, message.pk, "🎉", True)
    reactions.react(ben, message.pk, kinds[0], True)
