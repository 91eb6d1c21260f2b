"""Makes a knowledge base of any size, and questions about it whose right answer is known.

    generate.py ENTRIES QUESTIONS DIRECTORY

writes corpus.jsonl, queries.jsonl and qrels.tsv as `yikouwen evaluate retrieval` reads them. Nothing is random from
run to run: the same numbers give the same files.

Entries are what a province has: the same matters, once more for each of its places and kinds of people. Places are
made up; objects, answers and their words come from the demo city. Which place, which object and which action comes is
skewed as in life (a few are everywhere, most are rare), so terms have the long tail that decides how fast a search is.
Each question names what makes its entry the only right one, in words that are partly not the entry's; every second
one also has a typing error.
"""

import glob
import json
import os
import random
import re
import sys

SEED = 20260101
DEMO = os.path.join(os.path.dirname(__file__), "..", "..", "demo")

FIRST = "安和东西南北临江清河青云龙凤金银石桐梧杨柳梅兰松柏平永新长福寿德仁义泰康宁远兴盛华光明祥瑞丰乐嘉定海湖"
SECOND = "山水江河湖海州城阳阴川溪泉源谷原岭岗湾口港桥塘坝田园林关阁台亭塔寺门井沟峰屏坪洲沙浦渡荡堰"
PLACES = [("市", 0.10), ("区", 0.25), ("县", 0.25), ("镇", 0.20), ("街道", 0.20)]

PEOPLE = [
    ("", ""), ("个人", "自己"), ("企业", "公司"), ("灵活就业人员", "没单位的人"), ("退休人员", "退休的老人"),
    ("残疾人", "残疾人"), ("外来务工人员", "外地来打工的"), ("高校毕业生", "刚毕业的大学生"), ("个体工商户", "开小店的"),
    ("未成年人", "小孩子"), ("老年人", "家里老人"), ("退役军人", "当过兵的"), ("失业人员", "没工作的人"),
    ("低保家庭", "吃低保的"), ("随迁子女", "跟着来的孩子"), ("港澳台居民", "台湾来的人"), ("外国人", "外国朋友"),
    ("农村居民", "村里人"), ("单亲家庭", "一个人带娃的"), ("多子女家庭", "家里娃多的"), ("新市民", "刚落户的"),
    ("孕产妇", "怀孕的"), ("小微企业", "小公司"), ("民办非企业单位", "民办学校"),
]

# What is done, in the words of an office and in those of people.
ACTIONS = [
    ("办理", ["办", "弄"]), ("申请", ["申请", "申领"]), ("补办", ["补一个", "丢了重新办"]), ("变更", ["改一下", "换"]),
    ("注销", ["销掉", "取消"]), ("查询", ["查", "看一下"]), ("续期", ["延期", "到期了接着办"]), ("换领", ["换新的", "换证"]),
    ("缴费", ["交钱", "交费"]), ("退费", ["退钱", "把钱退回来"]), ("转移", ["转走", "转到别处"]), ("登记", ["登记", "报上去"]),
    ("备案", ["备个案", "备案"]), ("年审", ["年检", "每年审"]), ("认定", ["认定", "评上"]), ("复核", ["再审一次", "不服要重审"]),
    ("打印证明", ["打证明", "开证明"]), ("报销", ["报销", "报钱"]), ("补贴申领", ["领补贴", "拿补贴"]), ("减免", ["少交点", "免掉"]),
    ("委托代办", ["让别人代办", "找人代办"]), ("网上预约", ["网上约号", "预约"]), ("异地办理", ["在外地办", "跨省办"]),
    ("投诉举报", ["投诉", "举报"]), ("信息更正", ["写错了要改", "更正"]), ("延期缴纳", ["晚点交", "缓交"]),
]

TITLES = ["{place}{who}{object}{action}", "{place}{who}{object}{action}", "{place}{object}{action}（{who}）", "{who}{object}{action}（{place}）"]
SIMILAR = [
    "{object}怎么{said}", "{whom}在{place}怎么{said}{object}", "{place}{object}{action}要带什么材料", "我想{said}{object}，去哪里",
    "{whom}{object}能不能{said}", "{place}{said}{object}的地方在哪", "{object}{action}要多久", "{whom}要{said}{object}，有什么条件",
    "{place}的{object}在网上能{said}吗", "{action}{object}收不收费", "听说{whom}可以{said}{object}", "{object}{said}，{place}这边怎么个流程",
]
ASKED = [
    "我是{whom}，{place}这边{object}要{said}，该找谁", "请问{place}{whom}想{said}{object}得准备啥", "{whom}，{object}，{said}，{place}的窗口几点开",
    "您好，{place}的{object}{whom}想{said}一下，麻烦吗", "{object}{said}需要几天啊，我们{whom}，住{place}", "在{place}，{whom}{said}{object}是不是要本人来",
    "{place}{who}{object}{action}怎么弄",
]


def demo():
    """Objects of two to eight characters, and sentences of answers."""
    objects, sentences = {}, {}
    han = re.compile("[一-鿿]+$")
    for path in sorted(glob.glob(os.path.join(DEMO, "*.jsonl"))):
        for line in open(path, encoding="utf-8"):
            entry = json.loads(line)
            words = [word for word in entry.get("keywords", []) if han.match(word)]
            objects.update((word, None) for word in words if 3 <= len(word) <= 6)
            short = [word for word in words if len(word) == 2]
            objects.update((a + b, None) for a in short for b in short if a != b)
            for sentence in re.split("(?<=[。！？；])|\n", entry["answer"]):
                sentence = sentence.replace("**", "").strip("- 0123456789.")
                if 8 <= len(sentence) <= 60:
                    sentences[sentence] = None
    return list(objects), list(sentences)


class Skewed:
    """Draws the n-th of the items with a probability that falls as 1 / (n + offset) ** slope."""

    def __init__(self, rng, items, slope=0.8, offset=3):
        self.items, total, self.cumulated = items, 0.0, []
        for n in range(len(items)):
            total += 1 / (n + offset) ** slope
            self.cumulated.append(total)
        self.rng = rng

    def draw(self):
        return self.rng.choices(self.items, cum_weights=self.cumulated)[0]


def places(rng, count):
    found = {}
    while len(found) < count:
        ending = rng.choices([e for e, _ in PLACES], [w for _, w in PLACES])[0]
        found[rng.choice(FIRST) + rng.choice(SECOND) + ending] = None
    return list(found)


def answer(rng, about, sentences):
    """About 100 to 150 characters: a sentence of its own, then what such answers say."""
    text = "{place}{who}{object}{action}，由{place}政务服务中心受理。".format(**about)
    while len(text) < 100:
        text += sentences.draw()
    return text[:150]


def misspelt(rng, text, characters):
    at = rng.randrange(1, len(text) - 2)
    kind = rng.randrange(3)
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + rng.choice(characters) + text[at + 1 :]


def main():
    count, asked, directory = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    rng = random.Random(SEED)
    objects, sentences = demo()
    rng.shuffle(objects)
    rng.shuffle(sentences)
    characters = "".join(sorted(set("".join(sentences)) - set("，。；：、（）“”0123456789% ")))
    # A larger knowledge base is one of more places, not only of more for each.
    draw_place = Skewed(rng, places(rng, max(20, min(1500, count // 150))))
    draw_object, draw_sentence = Skewed(rng, objects), Skewed(rng, sentences, slope=0.5)
    draw_person, draw_action = Skewed(rng, PEOPLE), Skewed(rng, ACTIONS, slope=0.5)

    os.makedirs(directory, exist_ok=True)
    seen, entries = set(), []
    with open(os.path.join(directory, "corpus.jsonl"), "w", encoding="utf-8") as out:
        while len(entries) < count:
            what = draw_place.draw(), draw_person.draw(), draw_object.draw(), draw_action.draw()
            if (key := (what[0], what[1][0], what[2], what[3][0])) in seen:
                continue
            seen.add(key)
            about = {"place": what[0], "who": what[1][0], "whom": what[1][1], "object": what[2], "action": what[3][0]}
            fill = lambda template: template.format(said=rng.choice(what[3][1]), **about).replace("（）", "")
            entry = {
                "id": f"e{len(entries)}",
                "title": fill(rng.choice(TITLES)),
                "similar": [fill(template) for template in rng.sample(SIMILAR, 5)],
                "text": answer(rng, about, draw_sentence),
            }
            out.write(json.dumps(entry, ensure_ascii=False) + "\n")
            entries.append(what)

    with open(os.path.join(directory, "queries.jsonl"), "w", encoding="utf-8") as queries, open(
        os.path.join(directory, "qrels.tsv"), "w", encoding="utf-8"
    ) as qrels:
        for number, at in enumerate(rng.sample(range(count), min(asked, count))):
            place, (who, whom), thing, (action, said) = entries[at]
            text = rng.choice(ASKED).format(
                place=place, who=who, whom=whom or "我", object=thing, action=action, said=rng.choice(said)
            )
            if number % 2:
                text = misspelt(rng, text, characters)
            queries.write(json.dumps({"id": f"q{number}", "text": text, "type": "answerable"}, ensure_ascii=False) + "\n")
            qrels.write(f"q{number}\te{at}\t1\n")


if __name__ == "__main__":
    main()
