"""Every word that a person reads at a terminal, in English and Chinese; sentences of the other rooms: advice.py."""

from __future__ import annotations

from collections.abc import Mapping

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
    "sandbox_clip": ("sandbox: a test clip", "沙箱：测试视频"),
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
    "left": ("{n} are left; go on with:", "还剩 {n} 个，继续："),
    "cost_then": ("{cost} when made", "当时花费 {cost}"),
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
    "no_failures": ("no job has failed", "没有失败的任务"),
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
    "no_key": ("no key: {env} from {url}", "没有密钥：{env}，获取：{url}"),
    "keep_key": ("keep a key for all runs: {command}", "保存密钥：{command}"),
    "packages": ("packages are in {path}", "依赖在 {path}"),
    "key_kept": ("{env} is kept in {path}", "{env} 已保存到 {path}"),
    "top_up": ("top up: {url}", "充值：{url}"),
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
