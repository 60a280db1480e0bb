import asyncio
import hashlib

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Sums(BaseModel):
    digests: list[str]


@app.get("/")
async def sums() -> Sums:
    """Forty threads of the default pool."""
    work = [asyncio.to_thread(lambda n=n: hashlib.sha256(bytes(n)).hexdigest()[:6]) for n in range(40)]
    return Sums(digests=await asyncio.gather(*work))
