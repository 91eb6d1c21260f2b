"""Proves the tests' stand-in of api.weixin.qq.com with wechatpy (MIT), a client that is not ours.

    wechat_client.py API_BASE APP_ID SECRET

Ends with an error when the stand-in does not behave as that client expects of the platform.
"""

import io
import sys
from urllib.parse import parse_qs, urlsplit

import requests
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException, WeChatOAuthException
from wechatpy.oauth import WeChatOAuth

base, app_id, secret = sys.argv[1:]


class Client(WeChatClient):
    API_BASE_URL = f"{base}/cgi-bin/"

    def fetch_access_token(self):
        return self._fetch_access_token(
            url=f"{base}/cgi-bin/token",
            params={"grant_type": "client_credential", "appid": self.appid, "secret": self.secret},
        )


client = Client(app_id, secret)
assert client.message.send_text("oUser", "您好 <a href=\"https://a.example\">看</a>")["errcode"] == 0
assert client.message.send_articles("oUser", [{"title": "t", "description": "d", "url": "https://a", "image": ""}])["errcode"] == 0
menu = {"button": [{"type": "click", "name": "转人工", "key": "human"}]}
assert client.menu.create(menu)["errcode"] == 0
code = client.qrcode.create({"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "open:a"}}})
assert code["ticket"] and code["url"]
picture = io.BytesIO(b"\xff\xd8\xff\xe0picture")
picture.name = "p.jpg"
media = client.media.upload("image", picture)
assert media["media_id"] and media["type"] == "image", media
assert client.message.send_image("oUser", media["media_id"])["errcode"] == 0
got = client.media.download("picture")
assert got.content.startswith(b"\xff\xd8"), got.content

# A token that no longer holds is replaced by the client itself, once the stand-in says 40001.
client.session.set(client.access_token_key, "stale", 7200)
assert client.message.send_text("oUser", "again")["errcode"] == 0

# Errors are told as the platform tells them.
for call, code in [
    (lambda: client.message.send_text("oUser", "长" * 700), 45002),
    (lambda: client.message.send_text("oUser", ""), 44004),
    (lambda: client.menu.create({"button": []}), 40016),
    (lambda: client.media.download("nothing"), 40007),
    (lambda: Client(app_id, "wrong").fetch_access_token(), 40125),
]:
    try:
        call()
    except WeChatClientException as error:
        assert error.errcode == code, (error.errcode, code)
    else:
        raise AssertionError(f"no error {code}")
assert requests.post(f"{base}/cgi-bin/stable_token", json={"grant_type": "x"}).json()["errcode"] == 40002

# 网页授权: the page sends the browser back with a code, which is good for one exchange.
class Pages(WeChatOAuth):
    API_BASE_URL = f"{base}/"
    OAUTH_BASE_URL = f"{base}/connect/"


def code_of(pages):
    page = requests.get(pages.authorize_url, headers={"x-openid": "oUser"}, allow_redirects=False)
    assert page.status_code == 302, page.text
    back = parse_qs(urlsplit(page.headers["location"]).query)
    assert back["state"] == ["a1b2"], back
    return back["code"][0]


pages = Pages(app_id, secret, "https://ask.city.example/s/back?x=1", state="a1b2")
code = code_of(pages)
pages.fetch_access_token(code)
assert pages.open_id == "oUser" and pages.expires_in == 7200
assert pages.check_access_token() is True
for call, number in [
    (lambda: pages.fetch_access_token(code), 40163),
    (lambda: pages.fetch_access_token("made-up"), 40029),
    (lambda: Pages(app_id, "wrong", "https://ask.city.example/").fetch_access_token(code), 40125),
]:
    try:
        call()
    except WeChatOAuthException as error:
        assert error.errcode == number, (error.errcode, number)
    else:
        raise AssertionError(f"no error {number}")
elsewhere = Pages(app_id, secret, "https://elsewhere.example/", state="a1b2")
assert requests.get(elsewhere.authorize_url, headers={"x-openid": "oUser"}, allow_redirects=False).status_code == 200
print("proved")
