import Foundation
import NIOCore
import PontoonCore
import PontoonTesting
import Testing

@testable import PontoonObjects

@Suite("Check of the S3 store before use", .timeLimit(.minutes(10)))
struct S3CheckTests {
    @Test("a working store passes, and the check leaves no objects or uploads")
    func good() async throws {
        try await withS3Store { harness in
            try await harness.store.check()
            #expect(try await openUploads(harness).isEmpty)
        }
    }

    @Test("a wrong secret is reported")
    func wrongSecret() async throws {
        let server = try await SeaweedFSServer.running()
        let credentials = S3Credentials(accessKeyID: server.accessKeyID, secretAccessKey: Secret("hush-hush"))
        let failure = try await failure { try await withS3Store(credentials: credentials, $0) }
        #expect(failure == .wrongSecret)
        #expect("\(failure)".contains("AWS_SECRET_ACCESS_KEY") && !"\(failure)".contains("hush"))
    }

    @Test("an unknown access key is reported")
    func unknownKey() async throws {
        let credentials = S3Credentials(accessKeyID: "AKNOBODY", secretAccessKey: Secret("x"))
        #expect(try await failure { try await withS3Store(credentials: credentials, $0) } == .unknownAccessKey)
    }

    @Test("a missing bucket is reported")
    func missingBucket() async throws {
        let failure = try await failure { try await withS3Store(change: { $0.bucket = "nowhere" }, $0) }
        #expect(failure == .missingBucket("nowhere"))
    }

    @Test("a refused connection is reported")
    func refusedConnection() async throws {
        let failure = try await failure { body in
            try await withS3Store(
                change: {
                    $0.endpoint = S3Endpoint("http://127.0.0.1:1") ?? $0.endpoint
                    $0.attempts = 1
                },
                body
            )
        }
        #expect(failure == .unreachable("127.0.0.1:1: Connection refused"))
        #expect("\(failure)".contains("'endpoint'"))
    }

    @Test("a host without an address is reported")
    func unknownHost() async throws {
        let failure = try await failure { body in
            try await withS3Store(
                change: {
                    $0.endpoint = S3Endpoint("http://nowhere.invalid") ?? $0.endpoint
                    $0.attempts = 1
                },
                body
            )
        }
        guard case .unreachable = failure else { throw failure }
    }

    @Test("a server that does not support TLS is reported")
    func noTLS() async throws {
        let server = try await SeaweedFSServer.running()
        let failure = try await failure { body in
            try await withS3Store(
                change: {
                    $0.endpoint = S3Endpoint("https://127.0.0.1:\(server.port)") ?? $0.endpoint
                    $0.attempts = 1
                },
                body
            )
        }
        #expect(failure == .unreachable("no TLS connection could be established: WRONG_VERSION_NUMBER"))
    }

    @Test("a server that supports HTTP but not S3 is reported")
    func noS3() async throws {
        let server = try await SeaweedFSServer.running()
        let failure = try await failure { body in
            try await withS3Store(
                change: { $0.endpoint = S3Endpoint("http://127.0.0.1:\(server.masterPort)") ?? $0.endpoint },
                body
            )
        }
        guard case .notS3 = failure else { throw failure }
    }

    @Test("clocks that differ by more than 15 minutes are reported", arguments: [-3600.0, 3600])
    func skewedClock(_ seconds: Double) async throws {
        let failure = try await failure { body in
            try await withS3Store(now: { Date(timeIntervalSinceNow: seconds) }, body)
        }
        #expect(failure == .clockSkewed)
    }

    @Test("a bucket that refuses parts without a checksum is reported")
    func requiredChecksums() async throws {
        let server = try await SeaweedFSServer.running()
        let refusing = FaultInjectionProxy.Fault.respond(Self.refusal)
        try await FaultInjectionProxy.with(port: server.port, fault: { _ in refusing }) { proxy in
            let endpoint = try #require(S3Endpoint("http://127.0.0.1:\(proxy.port)"))
            let failure = try await failure { try await withS3Store(change: { $0.endpoint = endpoint }, $0) }
            #expect(failure == .requiresChecksums)
        }
    }

    /// Returns Amazon S3's response to a part without a checksum in a bucket with a default retention of Object Lock;
    /// `nil` for any other request.
    @Sendable private static func refusal(_ head: String) -> String? {
        let isPart = head.hasPrefix("PUT ") && head.contains("uploadId=")
        guard isPart, !head.lowercased().contains("\r\ncontent-md5: ") else { return nil }
        let body = "<Error><Code>InvalidRequest</Code><Message/></Error>"
        return "HTTP/1.1 400 Bad Request\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
    }

    @Test(
        "Amazon's errors are distinguished",
        arguments: [
            (403, "RequestTimeTooSkewed", nil, .clockSkewed),
            (400, "AuthorizationHeaderMalformed", "eu-west-1", .wrongRegion("eu-west-1")),
            (301, "PermanentRedirect", nil, .wrongRegion(nil)),
            (403, "AccessDenied", nil, .forbidden("s3:PutObject")),
            (400, "ExpiredToken", nil, .wrongSessionToken),
            (405, "MethodNotAllowed", nil, .refused("405 MethodNotAllowed")),
        ] as [(Int, String, String?, S3CheckFailure)]
    )
    func refusals(status: Int, code: String, region: String?, expected: S3CheckFailure) throws {
        let element = region.map { "<Region>\($0)</Region>" } ?? ""
        let body = "<?xml version=\"1.0\"?>\n<Error><Code>\(code)</Code><Message>m</Message>\(element)</Error>"
        let error = S3Client.error(S3Response(status: status, headers: [:], body: ByteBuffer(string: body)))
        #expect(error.code == code && error.message == "m")
        #expect(S3CheckFailure(error, bucket: "b", action: "s3:PutObject") == expected)
    }

    private func failure(
        _ run: ((S3Harness) async throws -> Void) async throws -> Void
    ) async throws -> S3CheckFailure {
        do {
            try await run { try await $0.store.check() }
        } catch let failure as S3CheckFailure {
            return failure
        }
        throw ContractViolation("the check finds nothing wrong")
    }
}
