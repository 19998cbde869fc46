import PontoonCore
import Testing

/// The media type of a download.
struct MediaTypeTests {
    @Test(
        "the type depends on the extension, and is never one that a browser executes",
        arguments: [
            ("a.csv", "text/csv"), ("A.CSV", "text/csv"), ("reads.fastq.gz", "application/gzip"),
            ("a.b.json", "application/json"), ("a.bam", "application/octet-stream"),
            ("csv", "application/octet-stream"), (".csv", "application/octet-stream"),
            ("a.", "application/octet-stream"), ("", "application/octet-stream"),
            ("a.csv ", "application/octet-stream"), ("a.html", "application/octet-stream"),
            ("a.svg", "application/octet-stream"), ("a.xml", "application/octet-stream"),
            ("a.js", "application/octet-stream"), ("a.mjs", "application/octet-stream"),
            ("a.css", "application/octet-stream"),
        ]
    )
    func types(name: String, type: String) {
        #expect(MediaType.named(name) == type)
    }
}
