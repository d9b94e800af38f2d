// Drives a content-generation server with the AI SDK's ByteDance provider: node bytedance.mjs BASE_URL
// Prints one JSON object: each scene's media type and size in bytes, and how a failed task ends.
// Runs from a folder whose node_modules holds `ai` and `@ai-sdk/bytedance`.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(`${process.cwd()}/`));
const { experimental_generateVideo: generateVideo } = await import(pathToFileURL(require.resolve("ai")));
const { createByteDance } = await import(pathToFileURL(require.resolve("@ai-sdk/bytedance")));

const baseURL = process.argv[2];
const bytedance = createByteDance({ baseURL, apiKey: "example-test-key" });
const picture = "https://files.example/a.png";
const options = { pollIntervalMs: 50, pollTimeoutMs: 60000 };
const scenes = {
  text: { prompt: "a paper boat", aspectRatio: "9:16", duration: 5, seed: 7 },
  "first-and-last-frame": { prompt: "a paper boat", lastFrameImage: picture, startImage: picture },
  references: { model: "dreamina-seedance-2-0-260128", prompt: "a paper boat", referenceImages: [picture], referenceVideos: ["https://files.example/a.mp4"], referenceAudio: ["https://files.example/a.mp3"] },
};

// The SDK's own download refuses loopback addresses, rightly.
async function download({ url }) {
  const response = await fetch(url);
  return { data: new Uint8Array(await response.arrayBuffer()), mediaType: response.headers.get("content-type") };
}

async function run({ model = "seedance-1-5-pro-251215", prompt, startImage, aspectRatio, duration, seed, ...extra }, headers) {
  const result = await generateVideo({
    model: bytedance.video(model),
    prompt: startImage ? { text: prompt, image: Buffer.from("iVBORw0KGgo=", "base64") } : prompt,
    aspectRatio,
    duration,
    seed,
    headers,
    maxRetries: 0,
    download,
    providerOptions: { bytedance: { ...options, ...extra, watermark: false } },
  });
  return { mediaType: result.video.mediaType, bytes: result.video.uint8Array.length };
}

const report = { scenes: {} };
for (const [name, scene] of Object.entries(scenes)) report.scenes[name] = await run(scene);
try {
  await run(scenes.text, { "X-Sandbox-Fault": "agcloud-failed=OutputVideoSensitiveContentDetected" });
  report.failed = "nothing";
} catch (error) {
  report.failed = String(error.message);
}
console.log(JSON.stringify(report));
