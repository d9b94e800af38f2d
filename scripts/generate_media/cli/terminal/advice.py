"""Sentences of the other rooms as people read them at a terminal, in English and Chinese."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

ADVICE: Mapping[str, tuple[str, str]] = {
    "top up (recharge says where) or wait for the quota to come back, then run the same command again": (
        "top up, or wait for the quota to come back; then run the same command again",
        "充值或等额度恢复，然后再运行同一命令",
    ),
    "check the key and its host: {}": ("", "检查密钥和主机：{}"),
    "correct the request; {} shows the endpoint's fields": ("", "修改请求；查看字段：{}"),
    "check the endpoint, model or id; {} lists models": ("", "检查接口、模型或任务 ID；查看模型：{}"),
    "wait, then run the same command again; it never pays twice": ("", "稍后再运行同一命令，不会重复扣费"),
    "rephrase the prompt or change the picture; the same request will be refused again": (
        "",
        "改写提示词或换图；原样重试仍会被拒绝",
    ),
    "perhaps the job exists: look in the provider's dashboard before you use --new, which may pay again": (
        "",
        "任务可能已存在：先查看服务商控制台；--new 可能再次扣费",
    ),
    "the same command makes a new job; change what failed first": ("", "再运行同一命令会新建任务；请先修改出错之处"),
    "this is no answer yet: go on with the command in resume, until a terminal line comes": ("go on with:", "继续："),
    "run the same command again: it goes on with the job where there is one, and never pays twice": (
        "",
        "再运行同一命令即可继续，不会重复扣费",
    ),
    "run the same command again with the same input: it goes on, and never pays twice": (
        "the same command again, with the same input; it never pays twice",
        "再运行同一命令，并给出同样的输入；不会重复扣费",
    ),
    "get a key at {} and set {}; never paste it into the chat": (
        "get a key at {} and set {}",
        "在 {} 获取密钥并设置 {}",
    ),
    "or keep it for all runs: {}": ("", "或保存供以后使用：{}"),
    "or try it at once without any key: add --sandbox": ("", "或先不用密钥试用：加 --sandbox"),
    'say what you want: --prompt "{}"': ("", '说明要生成什么：--prompt "{}"'),
    "{} --help shows every flag with examples": ("", "全部参数与示例：{} --help"),
    "nothing was sent; if all are meant, add {}": ("", "未发送；若确认全部执行，加 {}"),
    "no key for {} was found": ("", "没有找到 {} 的密钥"),
    "the prompt is empty": ("", "提示词为空"),
    "the time is up; the job goes on at the provider and nothing is lost": ("", "任务仍在服务商处继续，不会丢失"),
    "run the same command again; nothing was created, so nothing is paid twice": (
        "",
        "再运行同一命令；没有创建任务，不会重复扣费",
    ),
    "the key from {} was refused by {}: make sure that they belong together": (
        "",
        "来自 {} 的密钥被 {} 拒绝：请确认两者匹配",
    ),
    "the sandbox takes any key: this proves nothing about yours; run it without --sandbox": (
        "",
        "沙箱接受任何密钥，不能证明你的密钥有效；去掉 --sandbox 再运行",
    ),
    "stopped by a signal": ("", "收到信号"),
    "where the dashboard shows the job with its id, wait_generation.py takes it for this one: {}": (
        "",
        "若控制台中有该任务的 ID，可认领：wait_generation.py {}",
    ),
    "this is Python {}; 3.10 or newer is needed": ("", "当前是 Python {}，需要 3.10 或更新版本"),
    "run install once, then the same command again: it goes on with that Python by itself": (
        "run the line above once, then the same command again: it goes on with that Python by itself",
        "先运行上面的命令，再运行原命令，会自动改用新的 Python",
    ),
    "run install once, then the same command again: it finds that venv by itself, and updates leave it alone": (
        "run the line above once, then the same command again: it finds that venv by itself",
        "先运行上面的命令，再运行原命令，会自动找到这些依赖；更新技能不会影响它们",
    ),
    "get Python 3.10 or newer ({}) and use it in place of this one": (
        "",
        "安装 Python 3.10 或更新版本（{}），并改用它运行",
    ),
    "or, without installing packages: {} … (uv: {})": ("", "或不装依赖，直接用 uv：{} …（uv：{}）"),
    "if venv fails for lack of ensurepip: apt install python3-venv, or install uv": (
        "",
        "若 venv 因缺少 ensurepip 失败：apt install python3-venv，或安装 uv",
    ),
    "or, packages and key at once: {}": ("", "或一次装好依赖和密钥：{}"),
    "these Python packages are missing or too old or too new: {}": ("", "这些 Python 包缺少、太旧或太新：{}"),
    "{} was asked for, and {} was delivered": ("", "要求 {}，实际得到 {}"),
    "{} has no flag {}; did you mean {}?": ("", "{} 没有参数 {}；是否想用 {}？"),
    "a value that begins with a dash is written --flag=-value": ("", "以短横线开头的值写作 --flag=-value"),
    "nothing says what to make": ("", "没有说明要生成什么"),
    "the journal has no job {}": ("", "日志里没有任务 {}"),
    "{} shows every job with its id": ("", "查看所有任务及其 ID：{}"),
    "{} shows the jobs that were made here": ("", "查看本机创建的任务：{}"),
    "there is no provider {} in config.json": ("", "config.json 里没有服务商 {}"),
    "name one of those with --provider, or add it to config.json": (
        "",
        "用 --provider 指定其中一个，或把它加进 config.json",
    ),
    "{} shows what is allowed": ("", "查看可用值：{}"),
    "{} cannot be read: {}": ("", "无法读取 {}：{}"),
    "an earlier run of the same command lost its answer": ("", "上次运行未收到响应"),
    "the environment ({})": ("", "环境变量 {}"),
    "the sandbox": ("", "沙箱"),
    "installing the packages into {}; this takes a minute": ("", "正在把依赖安装到 {}，约需一分钟"),
    "this machine has no viewer to open it with": ("", "本机没有可用来打开它的程序"),
    "Ctrl-C ends it": ("", "按 Ctrl-C 结束"),
    "ready; any key works, ones that begin with 'bad' are refused; Ctrl-C ends it": (
        "any key works, ones that begin with 'bad' are refused; Ctrl-C ends it",
        "任何密钥都可用，以 bad 开头的会被拒绝；按 Ctrl-C 结束",
    ),
    "perhaps: nobody documented whether they do; --endpoint MODEL shows what is known of one": (
        "",
        "以下模型不确定（没有文档说明）；--endpoint MODEL 查看已知内容",
    ),
    "audio: a clip with sound of its own (--audio-track), or with one that you give (--audio)": (
        "",
        "audio：自带声音的视频（--audio-track），或使用你给的声音（--audio）",
    ),
    "pictures come first; --category images or --category videos lists these alone": (
        "",
        "图片在前；--category images 或 --category videos 只列一类",
    ),
}
"""Sentences of the other rooms, with ``{}`` for what differs → (English where a person needs other words than an agent,
Chinese); a sentence that is not here stays."""


@lru_cache(1)
def _patterns() -> tuple[tuple[re.Pattern[str], tuple[str, str]], ...]:
    return tuple(
        (re.compile("(.+?)".join(map(re.escape, said.split("{}"))) + r"\Z"), words) for said, words in ADVICE.items()
    )


def said_to_people(sentence: str, place: int) -> str:
    """A sentence of the other rooms in the language of that place, where its words are known."""
    for pattern, words in _patterns():
        found = pattern.match(sentence)
        if found and words[place]:
            return words[place].format(*found.groups())
    return sentence
