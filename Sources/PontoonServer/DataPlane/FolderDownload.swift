import Foundation
import HTTPTypes
import PontoonCore

/// A response with a folder archive: its headers, and the properties that conditions and ranges depend on.
struct FolderDownload {
    let listing: FolderListing
    /// The time of the response.
    let now: Date

    /// Whether the server can send a range without reading the files before it.
    ///
    /// It cannot for a zip archive, whose central directory contains the checksums of all files.
    private var acceptsRanges: Bool { listing.format == .tar }

    private var etag: String { "\"\(listing.version)-\(listing.size)\"" }

    /// The headers of all responses with status 200, 206 or 304.
    var headers: HTTPFields {
        [
            .contentType: MediaType.named(listing.name),
            .acceptRanges: acceptsRanges ? "bytes" : "none",
            .eTag: etag,
            .contentDisposition: ContentDisposition.attachment(named: listing.name),
            .xContentTypeOptions: "nosniff",
        ]
    }

    /// The properties that conditions and ranges depend on.
    var validators: Validators {
        Validators(etag: etag, lastModified: nil, size: listing.size, acceptsRanges: acceptsRanges, now: now)
    }
}
