"""The short codes that are replaced by emoji. The composer completes from the same table; ASCII lower case only."""

import re

EMOJI: dict[str, str] = dict(
    pair.split()
    for pair in """
    smile 😄|grin 😁|joy 😂|rofl 🤣|slightly_smiling_face 🙂|wink 😉|blush 😊|heart_eyes 😍|kissing_heart 😘|yum 😋
    sunglasses 😎|thinking 🤔|neutral_face 😐|unamused 😒|roll_eyes 🙄|grimacing 😬|sleeping 😴|confused 😕|worried 😟
    cry 😢|sob 😭|scream 😱|angry 😠|rage 😡|exploding_head 🤯|upside_down_face 🙃|melting_face 🫠|shrug 🤷|facepalm 🤦
    wave 👋|+1 👍|thumbsup 👍|-1 👎|thumbsdown 👎|clap 👏|raised_hands 🙌|pray 🙏|handshake 🤝|muscle 💪|ok_hand 👌
    crossed_fingers 🤞|point_up ☝️|point_right 👉|eyes 👀|brain 🧠|heart ❤️|broken_heart 💔|sparkling_heart 💖
    100 💯|fire 🔥|sparkles ✨|star ⭐|zap ⚡|boom 💥|tada 🎉|gift 🎁|cake 🍰|birthday 🎂|coffee ☕|tea 🍵|beer 🍺
    pizza 🍕
    rocket 🚀|bug 🐛|wrench 🔧|hammer 🔨|bulb 💡|memo 📝|book 📖|calendar 📅|pushpin 📌|paperclip 📎|link 🔗|lock 🔒
    key 🔑|bell 🔔|email 📧|warning ⚠️|construction 🚧|question ❓|exclamation ❗|white_check_mark ✅|x ❌|hourglass ⏳
    sun ☀️|rainbow 🌈|cat 🐱|dog 🐶|whale 🐳|snake 🐍|seedling 🌱|earth_africa 🌍|robot 🤖|ghost 👻|skull 💀
    see_no_evil 🙈
    """.replace("\n", "|").split("|")
    if pair.strip()
)

SHORTCODE = re.compile(r":([a-z0-9_+-]{1,24}):")


def replace_shortcodes(text: str) -> str:
    """Known codes become emoji; unknown ones stay as they are."""
    return SHORTCODE.sub(lambda match: EMOJI.get(match[1], match[0]), text) if ":" in text else text
