"""Plays Telegram for pages that it shows: init-data-py (MIT), which is not ours, reads what the tests' stand-in has signed, and
signs for many people itself.

    telegram_page.py TOKEN SIGNED AUTH_DATE PERSON...

Prints one JSON object: whom the stand-in's data name, and what was signed of each person.
"""

import json
import sys

from init_data_py import sign, validate_by_hash

token, signed, moment, *people = sys.argv[1:]
read = validate_by_hash(signed, token, expires_in=None)


def of(person):
    user = {"id": int(person), "first_name": "张 & 三=+%", "last_name": "😀", "username": "zhang", "language_code": "zh-hans"}
    payload = {
        "user": json.dumps(user, ensure_ascii=int(person) % 2 == 0, separators=(",", ":")),
        "query_id": f"AAH{person}",
        "chat_type": "private",
        "chat_instance": "-123",
        "signature": "c2ln-_bmVk",
    }
    return sign(payload, token, auth_date=int(moment))


print(json.dumps({"read": read.user.id, "signed": [of(person) for person in people]}))
