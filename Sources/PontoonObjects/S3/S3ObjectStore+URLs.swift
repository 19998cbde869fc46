package import Foundation
package import PontoonCore

extension S3ObjectStore {
    package var clientOrigin: String { clientAddress.origin }

    /// The address of the bucket for clients.
    var clientAddress: S3Address {
        S3Address(
            endpoint: settings.publicEndpoint,
            bucket: settings.bucket,
            isPathStyle: settings.isPathStyle
        )
    }

    package func partRequest(for upload: Upload, part: PartNumber, now: Date) throws -> SignedRequest {
        guard let handle = upload.handle else {
            throw PontoonError(.partUnavailable, "The upload was started in another object store; start it again.")
        }
        let query = [
            NamedValue("partNumber", "\(part.rawValue)"), NamedValue("uploadId", handle.rawValue),
        ]
        return presign("PUT", upload.key, query: query, now: now, reportHeaders: ["ETag"])
    }

    package func downloadRequest(for file: File, now: Date) throws -> SignedRequest {
        guard let content = file.content else {
            throw PontoonError(.folderNotDownloadable, "A folder cannot be downloaded.")
        }
        let query = [
            NamedValue("response-content-disposition", ContentDisposition.attachment(named: file.name)),
            NamedValue("response-content-type", MediaType.named(file.name)),
        ]
        return presign("GET", content.key, query: query, now: now, reportHeaders: [])
    }

    /// Returns a presigned URL at which a program on this server's machine can read an object; performs no I/O.
    ///
    /// The URL has the host of the setting `endpoint`, and expires ``S3Settings/urlLifetime`` after `now`.
    package func localReadURL(of key: ObjectKey, now: Date) -> String {
        presign("GET", key, query: [], now: now, reportHeaders: [], address: client.address).url
    }

    func presign(
        _ method: String,
        _ key: ObjectKey,
        query: [NamedValue],
        now: Date,
        reportHeaders: [String],
        address: S3Address? = nil
    ) -> SignedRequest {
        let address = address ?? clientAddress
        // Rounded down, because signatures contain whole seconds.
        let time = Date(timeIntervalSince1970: now.timeIntervalSince1970.rounded(.down))
        let lifetime = Int(settings.urlLifetime.components.seconds)
        let signer = SigV4(credentials: client.credentials, region: settings.region, time: time)
        let path = address.path(name(key))
        let request = signer.presigned(
            method: method,
            host: address.host,
            path: path,
            query: query,
            lifetime: lifetime
        )
        return SignedRequest(
            method: method,
            url: address.url(path: path, query: signer.presignedQuery(request)),
            expires: time.addingTimeInterval(TimeInterval(lifetime)),
            reportHeaders: reportHeaders
        )
    }
}
