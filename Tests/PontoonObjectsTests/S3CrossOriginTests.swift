import Foundation
import NIOCore
import PontoonCore
import PontoonTesting
import Testing

@testable import PontoonObjects

@Suite("CORS rules of a bucket", .timeLimit(.minutes(10)))
struct S3CrossOriginTests {
    private static let page = "https://uploads.example.org"

    @Test("a bucket is usable by pages of an origin only if they may send parts, read ETags and read files")
    func rules() async throws {
        try await withBucket { harness in
            let store = harness.store
            let own = CrossOriginRule(for: [Self.page])
            var onlyGET = own
            onlyGET.allowedMethods = ["GET"]
            var onlyPUT = own
            onlyPUT.allowedMethods = ["PUT"]
            var hidden = own
            hidden.exposedHeaders = nil
            for (rule, expected) in [
                (own, .allowed), (CrossOriginRule(for: ["*"]), .allowed),
                (CrossOriginRule(for: ["https://other.example.org"]), .denied("send parts to it")),
                (onlyGET, .denied("send parts to it")), (onlyPUT, .denied("read files from it")),
                (hidden, .denied("read the ETag of parts that they send to it")),
            ] as [(CrossOriginRule, CrossOriginResult)] {
                try await store.client.setCrossOriginRules([rule])
                try await expect(expected, store, Self.page)
            }
            #expect(try await openUploads(harness).isEmpty)
        }
    }

    @Test("adding a rule keeps all other rules, and the origins of Pontoon's earlier rule")
    func adding() async throws {
        try await withBucket { harness in
            let store = harness.store
            var other = CrossOriginRule(for: ["https://a.example.org", "http://*.example.org"])
            (other.id, other.allowedMethods, other.exposedHeaders, other.maxAge) = ("other", ["DELETE"], nil, 60)
            try await store.client.setCrossOriginRules([other])
            try await expect(.denied("send parts to it"), store, Self.page)
            try await store.addCrossOriginRule(CrossOriginRule(for: [Self.page]))
            try await expect(.allowed, store, Self.page)
            try await store.addCrossOriginRule(CrossOriginRule(for: ["https://b.example.org"]))
            try await expect(.allowed, store, "https://b.example.org")
            try await expect(.allowed, store, Self.page)
            let rules = try await store.client.crossOriginRules()
            #expect(rules == [CrossOriginRule(for: ["https://b.example.org", Self.page]), other])
        }
    }

    @Test("headers that other rules expose stay exposed, because some stores apply only the first matching rule")
    func exposedHeaders() {
        let own = CrossOriginRule(for: [Self.page])
        var other = CrossOriginRule(for: ["https://a.example.org"])
        (other.id, other.exposedHeaders) = ("other", ["ETag", "x-amz-meta-lane"])
        var silent = other
        (silent.id, silent.exposedHeaders) = (nil, nil)
        var expected = own
        expected.exposedHeaders?.append("x-amz-meta-lane")
        expected.exposedHeaders?.sort()
        let rules = own.added(to: [other, silent])
        #expect(rules == [expected, other, silent])
        #expect(own.added(to: rules) == rules)
    }

    @Test("a rule is added to a bucket without rules")
    func first() async throws {
        try await withBucket { harness in
            let store = harness.store
            #expect(try await store.client.crossOriginRules() == [])
            try await store.addCrossOriginRule(CrossOriginRule(for: ["*"]))
            #expect(try await store.client.crossOriginRules() == [CrossOriginRule(for: ["*"])])
        }
    }

    @Test("a response that is not a CORS configuration does not count as a bucket without rules")
    func unexpected() throws {
        for text in ["", "<html/>", "<CORSRule/>", "<Error><Code>x</Code></Error>", "<CORSConfiguration"] {
            #expect(throws: S3UnexpectedResponse.self, "\(text)") {
                try S3XML.crossOriginRules(ByteBuffer(string: text))
            }
        }
        let rules = [["https://a.example.org", "https://*.example.org"], ["*"]].map { CrossOriginRule(for: $0) }
        #expect(try S3XML.crossOriginRules(try S3XML.body(of: rules)) == rules)
        #expect(try S3XML.crossOriginRules(ByteBuffer(string: "<CORSConfiguration/>")) == [])
    }

    @Test("a public endpoint that cannot be reached is reported as unreachable")
    func unreachable() async throws {
        try await withS3Store(change: { $0.publicEndpoint = S3Endpoint("http://127.0.0.1:1") ?? $0.publicEndpoint }) {
            guard case .unreachable = try await $0.store.checkCrossOrigin(Self.page) else {
                throw UnexpectedResponse(description: "not unreachable")
            }
        }
    }

    /// Checks the result by polling, because a store may apply rules with a delay.
    private func expect(
        _ expected: CrossOriginResult,
        _ store: S3ObjectStore,
        _ origin: String,
        line: Int = #line
    ) async throws {
        try await eventually("\(expected)", line: line) {
            try await store.checkCrossOrigin(origin) == expected
        }
    }

    /// Runs `body` with a store in a new bucket, so that other tests do not change its rules.
    private func withBucket(_ body: (S3Harness) async throws -> Void) async throws {
        try await withS3Store(change: { $0.bucket = "cors-\(UUID().uuidString.lowercased())" }) { harness in
            _ = try await harness.store.client.send(S3Request("PUT", nil))
            try await body(harness)
        }
    }
}
