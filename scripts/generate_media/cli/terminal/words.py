"""Every word that a person reads at a terminal, in English and Chinese; nothing else knows of languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

WORDS: Mapping[str, tuple[str, str]] = {
    # one job
    "sending": ("sending", "正在提交"),
    "queued": ("queued", "排队中"),
    "running": ("running", "生成中"),
    "of_about": ("{passed} of about {expected}", "{passed} / 约 {expected}"),
    "longer": ("{passed}, longer than the usual {expected}", "{passed}，已超过通常的 {expected}"),
    "safe": ("Ctrl-C is safe; the same command goes on", "可随时 Ctrl-C；再运行同一命令即可继续"),
    "safe_short": ("Ctrl-C is safe", "可随时 Ctrl-C"),
    "attached": ("this job goes on since {since}; it is not paid for again", "任务自 {since} 起在进行中，不会重复扣费"),
    "detached": ("goes on at the provider: {id}", "任务在服务商处继续：{id}"),
    "reused": ("made before, nothing was paid", "之前已生成，未再扣费"),
    "sandbox": ("sandbox: a test picture", "沙箱：测试图"),
    "seconds": ("{n} s", "{n} 秒"),
    "no_outputs": ("done, and nothing to save", "完成，没有文件"),
    "converted": ("converted from {type}", "由 {type} 转换"),
    "delivered_otherwise": ("asked for {asked}; what came differs", "要求 {asked}，实际不同"),
    "more_outputs": ("{n} more results were not fetched", "另有 {n} 个结果未下载"),
    "cancelled": ("cancelled: {id}", "已取消：{id}"),
    "retry": ("no answer, again in {n} s", "无响应，{n} 秒后重试"),
    "retry_http": ("HTTP {status}, again in {n} s", "HTTP {status}，{n} 秒后重试"),
    # units
    "credits": ("credits", "积分"),
    "tokens": ("tokens", "tokens"),
    # many jobs
    "line": ("line {n}", "第 {n} 行"),
    "failed": ("{n} failed", "{n} 个失败"),
    "made": ("{n} of {total} made", "完成 {n} / {total}"),
    "more_files": ("and {n} more in {folder}", "另有 {n} 个在 {folder}"),
    "more_failures": ("and {n} more failed", "另有 {n} 个失败"),
    "left": ("{n} are left; go on with:", "还剩 {n} 个，继续："),
    "gallery": ("all on a page: {path}", "全部在一页：{path}"),
    "nothing_open": ("no job is open", "没有进行中的任务"),
    # list, spent
    "when": ("when", "时间"),
    "model": ("model", "模型"),
    "prompt": ("prompt", "提示词"),
    "cost": ("cost", "费用"),
    "result": ("result", "结果"),
    "provider": ("provider", "服务商"),
    "day": ("day (UTC)", "日期 (UTC)"),
    "jobs": ("jobs", "任务"),
    "total": ("total", "合计"),
    "no_jobs": ("no jobs yet", "还没有任务"),
    "go_on_all": ("go on with the open ones: {command}", "继续未完成的：{command}"),
    "lost": ("results that are lost: {n}", "已失效的结果：{n}"),
    "nothing_spent": ("nothing was spent", "没有花费"),
    "untold": ("{n} of unknown cost", "{n} 个费用未知"),
    # models and fields
    "model_id": ("model", "模型"),
    "kind": ("kind", "类型"),
    "image": ("image", "图片"),
    "video": ("video", "视频"),
    "modes": ("modes", "方式"),
    "needs": ("needs", "必填"),
    "last_cost": ("last cost", "上次费用"),
    "default": ("* taken where no --model is given", "* 未给 --model 时使用"),
    "snapshot": ("as documented on {date}", "文档日期 {date}"),
    "prices": ("prices: {url}", "价格：{url}"),
    "ends": ("ends {date}", "{date} 停用"),
    "replaced": ("use {id}", "改用 {id}"),
    "field": ("field", "字段"),
    "type": ("type", "类型"),
    "allowed": ("allowed", "可用值"),
    "else": ("(else {value})", "（默认 {value}）"),
    "required": ("* required", "* 必填"),
    "valid": ("valid for {endpoint}", "符合 {endpoint}"),
    "invalid": ("not valid for {endpoint}", "不符合 {endpoint}"),
    "unchecked": ("not checked: {text}", "未检查：{text}"),
    "free": ("free", "免费"),
    "nobody_can": ("no model is known to do that", "没有已知的模型支持"),
    "gone": ("no longer there: {id}", "已下线：{id}"),
    "live_only": ("the provider also has {id}", "服务商另有 {id}"),
    # endpoints, and what changed in them
    "endpoint": ("endpoint", "接口"),
    "inferred": ("(inferred, not documented)", "（推断，无文档）"),
    "asked_at": ("a job is asked for at {path}", "查询任务：{path}"),
    "same": ("nothing changed", "没有变化"),
    "breaks": ("what was a valid request may be refused now", "原来有效的请求现在可能被拒绝"),
    "breaks_not": ("every request that was valid still is", "原来有效的请求仍然有效"),
    "breaks_one": ("(breaks requests)", "（影响原有请求）"),
    "change.added": ("added", "新增"),
    "change.added, required": ("added, required", "新增，必填"),
    "change.removed": ("removed", "移除"),
    "change.moved": ("moved", "移动"),
    "change.gone": ("gone", "下线"),
    "change.likely renamed": ("likely renamed", "可能改名"),
    "change.required": ("required", "必填"),
    "change.type": ("type", "类型"),
    "change.allowed_values": ("allowed values", "可用值"),
    "change.values removed": ("values removed", "移除的值"),
    "change.values added": ("values added", "新增的值"),
    "not_in_it": ("models that it does not name, and that stay as they were: {n}", "其中未提及、保持原样的模型：{n}"),
    "renewed": (
        "renewed: {names}, {n} models, as documented on {date}",
        "已更新：{names}，{n} 个模型，文档日期 {date}",
    ),
    "undo": ("undo: {command}", "撤销：{command}"),
    "dropped": ("back to the bundled contract", "已恢复为内置文档"),
    # keys
    "key_ready": ("a key from {source}", "密钥来自 {source}"),
    "key_works": ("the key works", "密钥有效"),
    "key_unproven": ("the sandbox takes any key: this proves nothing", "沙箱接受任何密钥，不能证明有效"),
    "no_key": ("no key: {env} from {url}", "没有密钥：{env}，获取：{url}"),
    "keep_key": ("keep a key for all runs: {command}", "保存密钥：{command}"),
    "packages": ("packages are in {path}", "依赖在 {path}"),
    "key_kept": ("{env} is kept in {path}", "{env} 已保存到 {path}"),
    "top_up": ("top up: {url}", "充值：{url}"),
    "see_prices": ("prices: {url}", "价格：{url}"),
    "balance": ("balance: {command}", "查余额：{command}"),
    # dry run
    "nothing_sent": ("nothing was sent; this would be", "未发送；将发送"),
    "would_make": ("nothing was sent; this would make {n} jobs", "未发送；将创建 {n} 个任务"),
    "bad_lines": ("lines that are not right: {n}", "有误的行：{n}"),
    "made_before": ("{n} were made before and cost nothing again", "{n} 个之前已生成，不再扣费"),
    "would_cost": ("about {cost}, as the last time", "约 {cost}（按上次）"),
    "cost_unknown": ("cost unknown", "费用未知"),
    # others
    "ready": ("the sandbox is ready", "沙箱已就绪"),
    "page": ("the page: {path}", "页面：{path}"),
    "serving": ("serving {url}", "正在提供 {url}"),
    "candidate": ("perhaps {id} ({model}, {at})", "可能是 {id}（{model}，{at}）"),
    "near": ("near: {names}", "相近：{names}"),
    "because": ("{what}: {why}", "{what}：{why}"),
    # what went wrong, by code or category
    "error.missing_key": ("", ""),
    "error.missing_dependency": ("", "缺少依赖"),
    "error.usage": ("", "命令有误"),
    "error.deadline": ("the time is up", "时间到"),
    "error.poll_timeout": ("the time is up", "时间到"),
    "error.interrupted": ("stopped", "已停止"),
    "error.skipped": ("skipped", "已跳过"),
    "error.no_output": ("made, but without a result", "已完成但没有结果"),
    "error.internal_error": ("a mistake of this program", "程序内部错误"),
    "error.generation_failed": ("the generation failed", "生成失败"),
    "error.generation_canceled": ("cancelled", "已取消"),
    "error.generation_expired": ("expired", "已过期"),
    "error.insufficient_credits": ("not enough credits", "余额不足"),
    "error.auth": ("the key was refused", "密钥被拒绝"),
    "error.validation": ("", "请求有误"),
    "error.not_found": ("", "未找到"),
    "error.transient": ("the provider is not available now", "服务商暂时不可用"),
    "error.unknown": ("", "出错"),
    "error.content_rejected": ("refused by moderation", "内容审核未通过"),
    "error.outcome_unknown": ("perhaps created, the answer was lost", "可能已创建，响应丢失"),
    # what to do, in a word, for one line among many
    "do.insufficient_credits": ("top up", "充值"),
    "do.auth": ("check the key", "检查密钥"),
    "do.validation": ("correct it", "修改请求"),
    "do.not_found": ("check the model or id", "检查模型或任务 ID"),
    "do.transient": ("run the same command again", "再运行同一命令"),
    "do.unknown": ("", ""),
    "do.content_rejected": ("rephrase it", "改写提示词"),
    "do.outcome_unknown": ("look in the dashboard before --new", "先查控制台，再决定 --new"),
}
"""Word → (English, Chinese)."""

ADVICE: Mapping[str, tuple[str, str]] = {
    "top up (recharge says where) or wait for the quota to come back, then run the same command again": (
        "top up, or wait for the quota to come back; then run the same command again",
        "充值或等额度恢复，然后再运行同一命令",
    ),
    "check the key and its host: {}": (
        "",
        "检查密钥和主机：{}",
    ),
    "correct the request; {} shows the endpoint's fields": (
        "",
        "修改请求；查看字段：{}",
    ),
    "check the endpoint, model or id; {} lists models": (
        "",
        "检查接口、模型或任务 ID；查看模型：{}",
    ),
    "wait, then run the same command again; it never pays twice": (
        "",
        "稍后再运行同一命令，不会重复扣费",
    ),
    "rephrase the prompt or change the picture; the same request will be refused again": (
        "",
        "改写提示词或换图；原样重试仍会被拒绝",
    ),
    "perhaps the job exists: look in the provider's dashboard before you use --new, which may pay again": (
        "",
        "任务可能已存在：先查看服务商控制台；--new 可能再次扣费",
    ),
    "the same command makes a new job; change what failed first": (
        "",
        "再运行同一命令会新建任务；请先修改出错之处",
    ),
    "this is no answer yet: go on with the command in resume, until a terminal line comes": (
        "go on with:",
        "继续：",
    ),
    "run the same command again: it goes on with the job where there is one, and never pays twice": (
        "",
        "再运行同一命令即可继续，不会重复扣费",
    ),
    "get a key at {} and set {}; never paste it into the chat": (
        "get a key at {} and set {}",
        "在 {} 获取密钥并设置 {}",
    ),
    "or keep it for all runs: {}": (
        "",
        "或保存供以后使用：{}",
    ),
    "or try it at once without any key: add --sandbox": (
        "",
        "或先不用密钥试用：加 --sandbox",
    ),
    'say what you want: --prompt "{}"': (
        "",
        '说明要生成什么：--prompt "{}"',
    ),
    "{} --help shows every flag with examples": (
        "",
        "全部参数与示例：{} --help",
    ),
    "nothing was sent; if all are meant, add --yes or {}": (
        "",
        "未发送；若确认全部执行，加 --yes 或 {}",
    ),
    "no key for {} was found": (
        "",
        "没有找到 {} 的密钥",
    ),
    "the prompt is empty": (
        "",
        "提示词为空",
    ),
    "the time is up; the job goes on at the provider and nothing is lost": (
        "",
        "任务仍在服务商处继续，不会丢失",
    ),
    "stopped by a signal": (
        "",
        "收到信号",
    ),
    "where the dashboard shows the job with its id, wait_generation.py takes it for this one: {}": (
        "",
        "若控制台中有该任务的 ID，可认领：wait_generation.py {}",
    ),
    "this is Python {}; 3.10 or newer is needed": (
        "",
        "当前是 Python {}，需要 3.10 或更新版本",
    ),
    "run install once, then the same command again: it goes on with that Python by itself": (
        "run the line above once, then the same command again: it goes on with that Python by itself",
        "先运行上面的命令，再运行原命令，会自动改用新的 Python",
    ),
    "run install once, then the same command again: it finds that venv by itself, and updates leave it alone": (
        "run the line above once, then the same command again: it finds that venv by itself",
        "先运行上面的命令，再运行原命令，会自动找到这些依赖；更新技能不会影响它们",
    ),
    "or, packages and key at once: {}": (
        "",
        "或一次装好依赖和密钥：{}",
    ),
    "these Python packages are missing or too old or too new: {}": (
        "",
        "这些 Python 包缺少、太旧或太新：{}",
    ),
    "an earlier run of the same command lost its answer": (
        "",
        "上次运行未收到响应",
    ),
    "the environment ({})": (
        "",
        "环境变量 {}",
    ),
    "the sandbox": (
        "",
        "沙箱",
    ),
    "installing the packages into {}; this takes a minute": (
        "",
        "正在把依赖安装到 {}，约需一分钟",
    ),
    "this machine has no viewer to open it with": (
        "",
        "本机没有可用来打开它的程序",
    ),
    "Ctrl-C ends it": (
        "",
        "按 Ctrl-C 结束",
    ),
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

_QUEUED = frozenset({"in_queue", "queued", "queueing", "pending", "starting", "created", "submitted"})
_RUNNING = frozenset({"in_progress", "running", "processing", "generating"})


def language(environ: Mapping[str, str]) -> int:
    """1 where the locale is Chinese, else 0: the place in :data:`WORDS`."""
    said = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return int(said.lower().startswith("zh"))


def status_word(status: str) -> str:
    """The key in WORDS for a provider's status word; the word itself where it says something else."""
    word = status.lower()
    return "queued" if word in _QUEUED else "running" if word in _RUNNING else status


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
