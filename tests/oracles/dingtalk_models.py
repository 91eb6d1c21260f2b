"""Reads calls of the DingTalk API, one JSON object {method, path, body} a line, into the vendor's own descriptions of the
requests (alibabacloud-dingtalk), and prints what those do not know: a misspelt field is dropped there, as at the platform.

Ends with 1 if anything was dropped. Calls that the package does not describe are passed over.
"""

import json
import sys

from alibabacloud_dingtalk.card_1_0 import models as card
from alibabacloud_dingtalk.oauth2_1_0 import models as oauth2
from alibabacloud_dingtalk.robot_1_0 import models as robot

REQUESTS = {
    ("POST", "/v1.0/oauth2/accessToken"): oauth2.GetAccessTokenRequest,
    ("POST", "/v1.0/robot/oToMessages/batchSend"): robot.BatchSendOTORequest,
    ("POST", "/v1.0/robot/groupMessages/send"): robot.OrgGroupSendRequest,
    ("POST", "/v1.0/robot/messageFiles/download"): robot.RobotMessageFileDownloadRequest,
    ("POST", "/v1.0/card/instances/createAndDeliver"): card.CreateAndDeliverRequest,
    ("PUT", "/v1.0/card/instances"): card.UpdateCardRequest,
    ("PUT", "/v1.0/card/streaming"): card.StreamingUpdateRequest,
    ("POST", "/v1.0/card/callbacks/register"): card.RegisterCallbackRequest,
}


def dropped(sent, kept, place):
    """The paths of what was sent and not kept."""
    if isinstance(sent, dict) and isinstance(kept, dict):
        for name, value in sent.items():
            yield from dropped(value, kept.get(name), f"{place}.{name}")
    elif sent != kept:
        yield place


failed = False
for line in sys.stdin:
    call = json.loads(line)
    request = REQUESTS.get((call["method"], call["path"]))
    if request is None:
        continue
    model = request().from_map(call["body"])
    model.validate()
    lost = list(dropped(call["body"], model.to_map(), "body"))
    failed = failed or bool(lost)
    print(call["path"], "lost" if lost else "kept", lost, flush=True)
sys.exit(1 if failed else 0)
