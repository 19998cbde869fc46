import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import PontoonCore

/// A response with a file: its headers, and the properties that conditions and ranges depend on.
struct Download {
    let file: File
    let content: FileContent
    /// The time of the response.
    let now: Date

    /// The entity tag: the file's CRC-64/NVME, or its id if the checksum is unknown, followed by the size.
    ///
    /// Does not reveal the object key.
    var etag: String { "\"\(content.crc64?.hex ?? file.id)-\(content.size)\"" }

    /// Returns the headers of all responses with status 200, 206 or 304.
    ///
    /// - Parameter request: The headers of the request, in which `Want-Repr-Digest` can request `Repr-Digest`.
    /// - Returns: The headers, without `Content-Length` and `Content-Range`.
    func headers(for request: HTTPFields) -> HTTPFields {
        var headers: HTTPFields = [
            .contentType: MediaType.named(file.name),
            .acceptRanges: "bytes",
            .eTag: etag,
            .lastModified: HTTPDate.format(lastModified),
            .contentDisposition: ContentDisposition.attachment(named: file.name),
            .xContentTypeOptions: "nosniff",
        ]
        headers[.checksumCRC64NVME] = content.crc64?.base64
        headers[.reprDigest] = ReprDigest.value(of: content, for: request)
        return headers
    }

    /// The time at which the file was created, rounded down to whole seconds; its bytes never change.
    private var lastModified: Date { Date(timeIntervalSince1970: file.createdOn.timeIntervalSince1970.rounded(.down)) }

    /// The properties that conditions and ranges depend on.
    var validators: Validators {
        Validators(etag: etag, lastModified: lastModified, size: content.size, now: now)
    }
}
