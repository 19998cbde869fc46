import Crypto
import Foundation
import NIOCore
import PontoonCore

/// The result of checking whether pages of an origin can exchange bytes with a bucket.
package enum CrossOriginResult: Hashable, Sendable {
    case allowed
    /// The bucket denies access to pages of the origin; the value completes the sentence "Pages at ORIGIN cannot …".
    case denied(String)
    /// The bucket's public address cannot be reached from this machine, for the given reason.
    case unreachable(String)
}

extension S3ObjectStore {
    /// Checks whether a browser would allow pages of an origin to send parts to the bucket and to read objects.
    ///
    /// Sends the same requests as a page, and examines the responses instead of the bucket's rules, because stores
    /// differ in how they apply rules, and some allow all origins without any rule.
    ///
    /// - Parameter origin: The page's origin, such as `https://uploads.example.org`.
    /// - Returns: Whether pages of the origin can exchange bytes with the bucket, or the reason why they cannot.
    /// - Throws: The errors of ``S3Client/send(_:)``, from creating and aborting an upload.
    package func checkCrossOrigin(_ origin: String) async throws -> CrossOriginResult {
        let key = ObjectKey.random()
        let uploadID = try await client.createMultipartUpload(name(key), headers: [])
        let result: CrossOriginResult
        do {
            result = try await check(origin, key, uploadID)
        } catch {
            try? await client.abortMultipartUpload(name(key), uploadID: uploadID)
            throw error
        }
        try await client.abortMultipartUpload(name(key), uploadID: uploadID)
        return result
    }

    private func check(_ origin: String, _ key: ObjectKey, _ uploadID: String) async throws -> CrossOriginResult {
        let query = [NamedValue("partNumber", "1"), NamedValue("uploadId", uploadID)]
        let part = presign("PUT", key, query: query, now: now(), reportHeaders: [])
        let file = presign("GET", key, query: [], now: now(), reportHeaders: [])
        do {
            let preflight = try await client.fetch(
                "OPTIONS",
                part.url,
                headers: [NamedValue("Origin", origin), NamedValue("Access-Control-Request-Method", "PUT")]
            )
            guard (200..<300).contains(preflight.status), preflight.allows(origin), preflight.allows(method: "PUT")
            else { return .denied("send parts to it") }
            let headers = [NamedValue("Origin", origin)]
            let sent = try await client.fetch("PUT", part.url, headers: headers, body: ByteBuffer(string: "?"))
            guard sent.allows(origin) else { return .denied("send parts to it") }
            guard sent.exposes("etag") else { return .denied("read the ETag of parts that they send to it") }
            // The object does not exist, but the error response has the same CORS headers.
            guard try await client.fetch("GET", file.url, headers: headers).allows(origin) else {
                return .denied("read files from it")
            }
            return .allowed
        } catch let error as S3Unreachable {
            return .unreachable("\(error.cause)")
        }
    }

    /// Adds a CORS rule to the bucket, or replaces the earlier rule with ``CrossOriginRule/ownID``.
    ///
    /// Keeps all other rules; see ``CrossOriginRule/added(to:)``. Must not be called concurrently for one bucket,
    /// because each call reads and then replaces all rules of the bucket.
    ///
    /// - Throws: ``S3CheckFailure`` if the store refuses a request, for example because the access key lacks a
    ///   permission or the store does not support CORS rules; ``S3Unreachable``, ``S3UnexpectedResponse``.
    package func addCrossOriginRule(_ rule: CrossOriginRule) async throws {
        let rules = try await attempt("s3:GetBucketCORS") { try await client.crossOriginRules() }
        try await attempt("s3:PutBucketCORS") { try await client.setCrossOriginRules(rule.added(to: rules)) }
    }
}

extension S3Client {
    /// Returns the CORS rules of the bucket; empty if the bucket has none.
    ///
    /// - Throws: The errors of ``send(_:)``; ``S3UnexpectedResponse`` if the response is not a CORS configuration.
    func crossOriginRules() async throws -> [CrossOriginRule] {
        do {
            let response = try await send(S3Request("GET", nil, query: [NamedValue("cors", "")]))
            return try S3XML.crossOriginRules(response.body)
        } catch let error as S3Error where error.code == "NoSuchCORSConfiguration" {
            return []
        }
    }

    /// Replaces all CORS rules of the bucket.
    ///
    /// - Throws: The errors of ``send(_:)``.
    func setCrossOriginRules(_ rules: [CrossOriginRule]) async throws {
        let body = try S3XML.body(of: rules)
        let md5 = Data(Insecure.MD5.hash(data: body.readableBytesView)).base64EncodedString()
        let headers = [NamedValue("Content-MD5", md5), NamedValue("Content-Type", "application/xml")]
        _ = try await send(S3Request("PUT", nil, query: [NamedValue("cors", "")], headers: headers, body: .bytes(body)))
    }
}

extension S3Response {
    fileprivate func allows(_ origin: String) -> Bool {
        ["*", origin].contains(headers["access-control-allow-origin"] ?? "")
    }

    fileprivate func allows(method: String) -> Bool {
        names(in: "access-control-allow-methods").contains { $0 == "*" || $0 == method.lowercased() }
    }

    fileprivate func exposes(_ header: String) -> Bool {
        names(in: "access-control-expose-headers").contains { $0 == "*" || $0 == header }
    }

    private func names(in header: String) -> [String] {
        (headers[header] ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
    }
}
