"""Scripted agents of the fifteen wishes: what people say, in one call, or in two where a look-up comes first."""

from __future__ import annotations

from agents import AGNES, ALL_OPEN, MAKE, SV, TOLD, Agents, Script, one

FOX = f"{MAKE} --prompt 'a watercolor fox' --aspect-ratio 16:9"
NEON = f"{MAKE} --prompt 雨夜的霓虹街道 --aspect-ratio 9:16"
SEA = f"{MAKE} --prompt 'the sea moves gently' --first-frame photo.png --duration 5 --aspect-ratio 9:16"
SEEDANCE = f"{MAKE} --model bytedance/seedance-1.5 --prompt 'from one to the other'"
MUGS = f"{AGNES} --batch mugs.txt"
COLOURS = ("red", "blue", "green", "yellow", "white", "black", "orange", "violet")
MUG_LINES = "".join(f"a {colour} mug on a table\n" for colour in COLOURS)
BEACH = f"{AGNES} --prompt 背景换成海滩"
SEARCH = "inspect_openapi.py --models --kind video --can duration=10,first-frame,last-frame"
BOAT = f"{SV} --kind video --prompt 'a boat crosses the bay'"
NIGHT = f"{MAKE} --from fox.png --prompt 'a watercolor fox, at night' --image fox.png"
LANTERN = f"{MAKE} --prompt 'a paper lantern' --aspect-ratio 1:1"
FIELDS = "inspect_openapi.py --endpoint"
SHOTS = """{"id": "one", "prompt": "a courier leaves home, grey coat"}
{"id": "two", "prompt": "the same courier rides a bicycle", "image": "@one"}
{"id": "three", "prompt": "the same courier rings a bell", "image": "@one"}
{"id": "four", "prompt": "the same courier smiles", "image": "@one"}
"""
FILM = SHOTS + "".join(
    f'{{"kind": "video", "prompt": "it moves", "duration": 5, "first-frame": "@{name}"}}\n'
    for name in ("one", "two", "three", "four")
)
ODD = f"{SV} --prompt-file idea.txt"
VERIFY = "ensure_api_key.py --verify --provider skills.video"
REFUSED = (
    "skills.video needs SKILLS_VIDEO_API_KEY; yours was refused. Get one: https://skills.video/dashboard/developer"
)

WISHES = {
    "wish-fox-file": Agents(Script((f"{FOX} --output assets/fox.png",)), Script((FOX,)), twice=(f"{FOX} --new",)),
    "wish-neon-2k-zh": one(f"{NEON} --size 2K", NEON),
    "wish-animate-sound": one(f"{SEA} --audio-track", f"{SEA} --no-audio-track"),
    "wish-seedance-frames": one(
        f"{SEEDANCE} --first-frame a.png --last-frame b.png", f"{SEEDANCE} --first-frame a.png"
    ),
    "wish-eight-mugs": Agents(
        Script((f"{MUGS} --gallery",), files={"mugs.txt": MUG_LINES}),
        Script((MUGS,), files={"mugs.txt": MUG_LINES}),
        twice=(f"{AGNES} --prompt 'a red mug on a table' --new",),
    ),
    "wish-beach-zh": one(f"{BEACH} --image photo.png", f"{SV} --prompt 背景换成海滩 --image photo.png"),
    "wish-search": Agents(
        Script(
            (SEARCH,),
            "bytedance/seedance-2.0 at skills.video does it. I know no cost here yet; prices: https://skills.video/pricing",
        ),
        Script(answer="Probably Sora."),
        twice=(f"{BOAT} --duration 10",),
        claim="I looked: several models can do that.",
    ),
    "wish-long-boat": one(f"{BOAT} --duration 20 --chain", f"{BOAT} --duration 10"),
    "wish-why-again": Agents(
        Script(("wait_generation.py --list --failed --limit 1", TOLD), "It failed at the provider; again:\n{paths}"),
        Script(("wait_generation.py --list --failed --limit 1",), "It failed."),
        twice=(f"{SV} --prompt 'a red bicycle' --new",),
    ),
    "wish-yesterday": Agents(
        Script((ALL_OPEN,)), Script(answer="It is gone."), twice=(f"{SV} --kind video --prompt 'a lighthouse' --new",)
    ),
    "wish-fox-at-night": one(NIGHT, f"{MAKE} --prompt 'a watercolor fox, at night'"),
    "wish-new-models": Agents(
        Script(
            (
                f"{LANTERN} --model 'nano banana 2'",
                TOLD,
                f"{LANTERN} --model 'Kling 3'",
                TOLD,
                f"{FIELDS} google/nano-banana-2",
                f"{FIELDS} kling-ai/v3/image",
            ),
            "Fields of both: prompt, aspect_ratio, image_urls and more.\n{paths}",
        ),
        Script((f"{LANTERN} --model google/nano-banana-2",), "The fields: prompt.\n{paths}"),
        twice=(f"{LANTERN} --model google/nano-banana-2 --new",),
    ),
    "wish-storyboard": Agents(
        Script(
            (f"{SV} --batch shots.jsonl --gallery", f"{SV} --batch film.jsonl --join film.mp4"),
            files={"shots.jsonl": SHOTS, "film.jsonl": FILM},
        ),
        Script((f"{SV} --batch shots.jsonl",), files={"shots.jsonl": SHOTS}),
        twice=(f"{SV} --prompt 'the same courier smiles' --new",),
    ),
    "wish-odd-prompt": one(ODD, f"{SV} --prompt 'a lantern'"),
    "wish-my-key": Agents(
        Script((VERIFY,), REFUSED),
        Script(answer="Your key is fine."),
        twice=(f"{SV} --prompt 'a test'",),
        claim="I checked it: your key works.",
    ),
}
