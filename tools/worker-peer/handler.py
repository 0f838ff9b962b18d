"""The platform's own worker (`runpod` from PyPI) as a process for scenarios: its handler does what the job's input says.

The twin of test/worker/simulator/worker-process.ts. Development only.
"""

import asyncio
import os
import time

import runpod

FIRST_JOB_AT = float("inf")


async def plain(job):
    global FIRST_JOB_AT
    FIRST_JOB_AT = min(FIRST_JOB_AT, time.monotonic())
    order = job["input"] if isinstance(job["input"], dict) else {}
    op = order.get("op", "echo")
    if op == "throw":
        raise TypeError(order["message"])
    if op == "sleep":
        await asyncio.sleep(order["ms"] / 1000)
        return {"slept": order["ms"]}
    if op == "block":
        time.sleep(order["ms"] / 1000)
        return {"blocked": order["ms"]}
    if op == "progress":
        for step in range(1, order["updates"] + 1):
            runpod.serverless.progress_update(job, {"step": step})
            await asyncio.sleep(order["everyMs"] / 1000)
        return {"steps": order["updates"]}
    if op == "big":
        return {"data": "x" * order["bytes"]}
    if op == "nan":
        return {"value": float("nan")}
    return order.get("value")


async def stream(job):
    order = job["input"]
    if "bytes" in order:
        yield "é" * (order["bytes"] // 2)
    for index, part in enumerate(order.get("parts", [])):
        if index == order.get("failAfter"):
            raise TypeError("the stream broke")
        yield part
        await asyncio.sleep(0.001)


def concurrency(_current):
    places, *later = os.environ["SCENARIO_CONCURRENCY"].split(",")
    if later and time.monotonic() > FIRST_JOB_AT + float(later[0]) / 1000:
        return int(later[1])
    return int(places)


if os.environ.get("SCENARIO_UNFIT") == "1":

    @runpod.serverless.register_fitness_check
    def ready_for_work():
        raise ValueError("the model is missing")


if __name__ == "__main__":
    runpod.serverless.start(
        {
            "handler": stream if os.environ.get("SCENARIO_HANDLER") == "stream" else plain,
            "concurrency_modifier": concurrency,
            "refresh_worker": os.environ.get("SCENARIO_REFRESH") == "1",
            "return_aggregate_stream": os.environ.get("SCENARIO_AGGREGATE") == "1",
        }
    )
