"""WeChat's side of the encryption, by wechatpy (MIT), a library that is not ours.

    wechat_platform.py URL TOKEN ENCODING_AES_KEY APP_ID COUNT OUT

Pushes COUNT random texts to URL as the platform does in its secure mode, each from a citizen of its own, decrypts every
answer and checks it. Writes what was sent to OUT, one JSON array [openid, text] a line. Prints the count at the end; any
difference ends it with an error.
"""

import concurrent.futures
import json
import random
import sys
import time

import requests
import xmltodict
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidSignatureException
from wechatpy.utils import WeChatSigner

url, token, key, app_id, count, out = sys.argv[1:]
crypto = WeChatCrypto(token, key, app_id)
chance = random.Random(20261126)
session = requests.Session()

LETTERS = "身份证丢了怎么补办社保公积金护照。，？！\n abcXYZ019<>&\"'[]]>😀𠮷é"


def text(length):
    while True:
        made = "".join(chance.choice(LETTERS) for _ in range(length))
        # What is white space at the ends is not kept, and what looks like a code of the test is not wanted.
        made = made.strip()
        if made:
            return made


def push(number, words):
    openid = f"oRandom{number:05d}"
    body = xmltodict.unparse(
        {
            "xml": {
                "ToUserName": "gh_1",
                "FromUserName": openid,
                "CreateTime": int(time.time()),
                "MsgType": "text",
                "Content": words,
                "MsgId": 7_000_000_000_000_000_000 + number,
            }
        },
        full_document=False,
    )
    timestamp, nonce = str(int(time.time())), str(chance.randrange(10**9))
    sealed = xmltodict.parse(crypto.encrypt_message(body, nonce, timestamp))["xml"]
    signer = WeChatSigner()
    signer.add_data(token, timestamp, nonce)
    query = {
        "signature": signer.signature,
        "timestamp": timestamp,
        "nonce": nonce,
        "openid": openid,
        "encrypt_type": "aes",
        "msg_signature": sealed["MsgSignature"],
    }
    envelope = f"<xml><ToUserName><![CDATA[gh_1]]></ToUserName><Encrypt><![CDATA[{sealed['Encrypt']}]]></Encrypt></xml>"
    # The platform asks up to three times when the machine is slow.
    for _ in range(3):
        answer = session.post(url, params=query, data=envelope.encode(), timeout=10)
        if answer.status_code == 200:
            break
    assert answer.status_code == 200, answer.status_code
    reply = xmltodict.parse(answer.text)["xml"]
    opened = crypto.decrypt_message(answer.text, reply["MsgSignature"], reply["TimeStamp"], reply["Nonce"])
    read = xmltodict.parse(opened)["xml"]
    assert (read["ToUserName"], read["FromUserName"], read["MsgType"]) == (openid, "gh_1", "text"), read
    assert read["Content"], read
    return openid, words, len(opened.encode()) % 32


def refused():
    """A wrong signature, a text that was changed, and an old time."""
    timestamp, nonce = str(int(time.time())), "n"
    sealed = xmltodict.parse(crypto.encrypt_message("<xml><A>1</A></xml>", nonce, timestamp))["xml"]
    query = {"timestamp": timestamp, "nonce": nonce, "encrypt_type": "aes", "msg_signature": "0" * 40}
    envelope = f"<xml><Encrypt><![CDATA[{sealed['Encrypt']}]]></Encrypt></xml>"
    assert session.post(url, params=query, data=envelope).status_code == 403
    query["msg_signature"] = sealed["MsgSignature"]
    assert session.post(url, params=query, data=envelope.replace("CDATA[", "CDATA[A", 1)).status_code == 403
    old = str(int(time.time()) - 3600)
    sealed = xmltodict.parse(crypto.encrypt_message("<xml><A>1</A></xml>", nonce, old))["xml"]
    query.update(timestamp=old, msg_signature=sealed["MsgSignature"])
    envelope = f"<xml><Encrypt><![CDATA[{sealed['Encrypt']}]]></Encrypt></xml>"
    assert session.post(url, params=query, data=envelope).status_code == 403
    # And the library itself refuses what is wrong, so that its agreement means something.
    try:
        crypto.decrypt_message(envelope, "0" * 40, old, nonce)
    except InvalidSignatureException:
        return
    raise AssertionError("the library takes a wrong signature")


refused()
texts = [text(1 + number % 97) for number in range(int(count))]
paddings = set()
with concurrent.futures.ThreadPoolExecutor(8) as pool, open(out, "w", encoding="utf-8") as file:
    for openid, words, padding in pool.map(push, range(int(count)), texts):
        paddings.add(padding)
        print(json.dumps([openid, words], ensure_ascii=False), file=file)
print(f"exchanged {count}, answers of {len(paddings)} lengths modulo 32")
