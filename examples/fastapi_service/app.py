"""A FastAPI service that takes its settings live: `uvicorn app:app`."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request
from settings import Shop

import confguard as cg

BACKEND_SECONDS = 0.05  # what the backend takes for an answer


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """The settings, followed for as long as the service runs."""
    instance = os.environ.get("CONFGUARD_INSTANCE", "shop")
    with cg.Live(Shop, "sqlite:///confguard.db#shop", cache=f"{instance}.last-good") as live:
        app.state.live = live
        yield


def settings_in_force(request: Request) -> Shop:
    """The settings for one request: taken once, so always a whole."""
    return request.app.state.live.current


app = FastAPI(lifespan=lifespan)
Settings = Annotated[Shop, Depends(settings_in_force)]


@app.get("/search")
async def search(settings: Settings, q: str = "") -> dict[str, object]:
    """Ask the backend, and wait for it no longer than the settings say."""
    try:
        await asyncio.wait_for(asyncio.sleep(BACKEND_SECONDS), settings.backend_timeout.total_seconds())
    except TimeoutError:
        raise HTTPException(503, "the backend did not answer in time") from None
    return {"q": q, "results": settings.results}


@app.get("/healthz")
async def healthz(settings: Settings) -> dict[str, object]:
    """Whether a search would work: more than that the process is up."""
    return await search(settings)


@app.get("/settings")
async def settings(request: Request) -> dict[str, object]:
    """What is in force, for dashboards."""
    live = request.app.state.live
    return {"revision": live.revision, "problem": live.problem, "results": live.current.results}
