"""A small sequencing run, for pictures and for tests that need a project with content."""

import random
from collections.abc import Callable

import requests

from .server import Server

SHEET = (
    "[Header]\nFileFormatVersion,2\nRunName,run0412\nInstrumentPlatform,NovaSeqXSeries\n\n[Reads]\nRead1Cycles,151\n"
    "Read2Cycles,151\nIndex1Cycles,10\nIndex2Cycles,10\n\n[BCLConvert_Data]\nLane,Sample_ID,index,index2\n"
    + "".join(f"{lane},S{sample:02d},ACGTTGCATG,TTGCAACGCA\n" for lane in (1, 2) for sample in range(1, 19))
)


class Sample:
    """Creates projects, folders and files with the API instead of the browser."""

    def __init__(self, server: Server) -> None:
        self.call: Callable[..., requests.Response] = server.call
        self.random = random.Random(412)

    def project(self, name: str, description: str = "") -> dict:
        created = self.call("POST", "/projects", {"name": name, "description": description}).json()
        return self.call("GET", f"/projects/{created['id']}", fields="_all").json()

    def folder(self, parent: str, name: str) -> str:
        return self.call("POST", "/files", {"parent": parent, "name": name, "type": "folder"}).json()["id"]

    def file(self, parent: str, name: str, content: bytes | int, **labels: object) -> dict:
        """Uploads a file. If `content` is a number, the file has that many random bytes."""
        content = self.random.randbytes(content) if isinstance(content, int) else content
        begun = {"parent": parent, "name": name, "size": len(content), "part_infos": 1}
        upload = self.call("POST", "/upload/multipart", begun).json()
        answer = requests.put(upload["part_infos"][0]["url"], data=content)
        report = {"part_number": 1, "response": {"headers": {"ETag": answer.headers["ETag"]}}}
        file = self.call("POST", f"/upload/multipart/{upload['upload_id']}/complete", {"parts": [report]}).json()
        if labels:
            self.call("PATCH", f"/files/{file['id']}", labels)
        return file

    def begun(self, parent: str, name: str, size: int, stored: int) -> None:
        """Starts an upload and sends its first `stored` bytes."""
        fields = {"parent": parent, "name": name, "size": size, "part_size": max(stored, 5 << 20), "part_infos": 1}
        upload = self.call("POST", "/upload/multipart", fields).json()
        if stored:
            assert requests.put(upload["part_infos"][0]["url"], data=self.random.randbytes(stored)).ok

    def run(self, samples: int = 18) -> dict:
        """Creates three projects, and returns the one with the sequencing run: `id`, `root_folder` and `folders`."""
        self.project("Nanopore cohort 2026", "Whole genomes, 48 samples, PromethION")
        self.project("Exome panel – clinical", "Routine diagnostics, NovaSeq X, weekly runs")
        project = self.project("NovaSeq run 0412", "Paired-end 2 × 150, lanes 1 and 2")
        root = project["root_folder"]
        folders = {name: self.folder(root, name) for name in ("alignments", "fastq", "qc reports")}
        for sample in range(1, samples + 1):
            for lane in (1, 2):
                for read in (1, 2):
                    metadata = {"sample_id": f"S{sample:02d}", "lane": str(lane), "platform": "NovaSeq X"}
                    tags = ["raw", "paired"] if read == 1 else ["raw"]
                    name = f"S{sample:02d}_L00{lane}_R{read}_001.fastq.gz"
                    file = self.file(
                        folders["fastq"], name, self.random.randint(1000, 300_000), tags=tags, metadata=metadata
                    )
                    if sample in (1, 2, 5):
                        self.call("POST", f"/files/{file['id']}/actions/verify")
        self.file(root, "README.md", b"# NovaSeq run 0412\n\nDelivered on 27 November 2026.\n")
        self.file(root, "RunInfo.xml", b'<?xml version="1.0"?><RunInfo/>')
        sheet = self.file(
            root,
            "SampleSheet.csv",
            SHEET.encode(),
            tags=["manifest"],
            metadata={"run": "0412", "instrument": "LH00547"},
        )
        self.call("POST", f"/files/{sheet['id']}/actions/verify")
        self.file(folders["alignments"], "S01.sorted.bam", 400_000)
        self.file(folders["alignments"], "S01.sorted.bam.bai", 5000)
        self.begun(folders["alignments"], "S02.sorted.bam", 841_110_222, 20 << 20)
        self.begun(folders["alignments"], "S03.sorted.bam", 12_000_000, 5 << 20)
        return project | {"folders": folders}
