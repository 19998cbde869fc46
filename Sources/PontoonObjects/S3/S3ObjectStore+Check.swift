import AsyncHTTPClient
import Crypto
import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import PontoonCore
import SystemPackage
import Synchronization

extension S3ObjectStore {
    /// Smallest clock difference in seconds for which S3 refuses signatures as expired or not yet valid.
    private static let longestSkew: TimeInterval = 15 * 60

    /// Checks that the bucket can be used, and detects its optional capabilities.
    ///
    /// Starts uploads under random keys, sends a part of each, and aborts the uploads.
    ///
    /// - Throws: ``S3CheckFailure``; `CancellationError`.
    package func check() async throws {
        do {
            try await attempt("s3:ListBucketMultipartUploads") {
                let query = [
                    NamedValue("uploads", ""), NamedValue("prefix", namePrefix), NamedValue("max-uploads", "1"),
                ]
                let response = try await client.send(S3Request("GET", nil, query: query))
                _ = try S3XML.decode(S3XML.UploadList.self, from: response.body)
                // The clock is checked here, because some stores do not check the time of signed requests.
                try checkClock(response.headers["date"])
            }
            try await checkUploads()
            try await checkChecksums()
        } catch let error as S3Unreachable {
            throw failure(error)
        } catch let error as S3UnexpectedResponse {
            throw S3CheckFailure.notS3("\(error)")
        }
    }

    private func checkClock(_ date: String?) throws {
        guard let theirs = date.flatMap(HTTPDate.parse) else { return }
        guard abs(theirs.timeIntervalSince(now())) < Self.longestSkew else { throw S3CheckFailure.clockSkewed }
    }

    private func checkUploads() async throws {
        let name = name(.random())
        let uploadID = try await attempt("s3:PutObject") {
            try await client.createMultipartUpload(name, headers: [])
        }
        do {
            try await checkPart(name, uploadID)
            _ = try await attempt("s3:ListMultipartUploadParts") {
                try await client.listParts(name, uploadID: uploadID)
            }
        } catch {
            try? await client.abortMultipartUpload(name, uploadID: uploadID)
            throw error
        }
        try await attempt("s3:AbortMultipartUpload") {
            try await client.abortMultipartUpload(name, uploadID: uploadID)
        }
    }

    /// Checks that the bucket accepts parts without a checksum, because clients send none.
    ///
    /// - Throws: ``S3CheckFailure``, which is `.requiresChecksums` if the bucket accepts the part only with a checksum.
    private func checkPart(_ name: String, _ uploadID: String) async throws {
        let bytes = ByteBuffer(string: "?")
        func store(_ headers: [NamedValue]) async throws {
            _ = try await client.uploadPart(name, uploadID: uploadID, number: 1, headers: headers, body: .bytes(bytes))
        }
        do {
            try await attempt("s3:PutObject") { try await store([]) }
        } catch S3CheckFailure.refused(let reason) {
            let md5 = Data(Insecure.MD5.hash(data: bytes.readableBytesView)).base64EncodedString()
            do {
                try await store([NamedValue("Content-MD5", md5)])
            } catch is S3Error {
                throw S3CheckFailure.refused(reason)
            }
            throw S3CheckFailure.requiresChecksums
        }
    }

    /// Detects whether the store accepts parts without the announced checksum, because clients send none.
    ///
    /// - Throws: The errors of ``S3Client/send(_:)``, except ``S3Error``, which means that the store does not support
    ///   announced checksums.
    private func checkChecksums() async throws {
        let name = name(.random())
        do {
            let uploadID = try await client.createMultipartUpload(name, headers: S3Capabilities.checksumHeaders)
            var isTaken = true
            do {
                let part = S3Request.Body.bytes(ByteBuffer(string: "?"))
                _ = try await client.uploadPart(name, uploadID: uploadID, number: 1, body: part)
            } catch is S3Error {
                isTaken = false
            }
            try await client.abortMultipartUpload(name, uploadID: uploadID)
            capabilities.computesAnnouncedChecksums.store(isTaken, ordering: .relaxed)
        } catch is S3Error {
            // The store does not support announced checksums.
        }
    }

    /// Runs a request that requires the permission for an action, such as `s3:PutObject`.
    ///
    /// - Returns: The result of `body`.
    /// - Throws: ``S3CheckFailure`` for an ``S3Error`` of `body`; other errors of `body` unchanged.
    func attempt<Value>(_ action: String, _ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as S3Error {
            throw S3CheckFailure(error, bucket: settings.bucket, action: action)
        }
    }

    private func failure(_ error: S3Unreachable) -> S3CheckFailure {
        let host = client.address.host
        switch error.cause {
        case let cause as NIOSSLError: return Self.failure(tls: "\(cause)")
        case is NIOSSLExtraError: return .notTrusted("it was issued for another host")
        case let cause as IOError: return .unreachable("\(host): \(Errno(rawValue: cause.errnoCode))")
        case let cause as NIOConnectionError:
            // Reports only the error of the first address, because the errors of the other addresses rarely differ.
            guard let first = cause.connectionErrors.first?.error as? IOError else {
                return .unreachable("\(host): the name has no address, or none of its addresses can be reached")
            }
            return .unreachable("\(host): \(Errno(rawValue: first.errnoCode))")
        case let cause as HTTPClientError: return .unreachable("\(host): \(cause.shortDescription)")
        case let cause: return .unreachable("\(host): \(cause)")
        }
    }

    /// Classifies a TLS error by BoringSSL's error name, which follows `OPENSSL_internal:` in the description.
    private static func failure(tls description: String) -> S3CheckFailure {
        let word = description.split(separator: "OPENSSL_internal:").dropFirst().first?.prefix { !$0.isWhitespace }
        switch word {
        case "CERTIFICATE_VERIFY_FAILED": return .notTrusted("it is not signed by a trusted authority")
        case let word?: return .unreachable("no TLS connection could be established: \(word)")
        case nil: return .unreachable("no TLS connection could be established")
        }
    }
}
