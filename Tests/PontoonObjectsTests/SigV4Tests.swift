import Foundation
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

@testable import PontoonObjects

@Suite("Signatures match botocore")
struct SigV4Tests {
    @Test("every stage matches, for signatures in headers and in URLs")
    func stages() async throws {
        let cases = SigV4Case.headers + SigV4Case.urls
        let theirs = try await botocore(cases)
        try #require(theirs.count == cases.count)
        for (one, expected) in zip(cases, theirs) {
            let signer = one.signer
            let request = one.canonicalRequest
            #expect(request.text == expected.canonical, "\(one)")
            #expect(signer.stringToSign(request) == expected.toSign, "\(one)")
            #expect(signer.signature(request) == expected.signature, "\(one)")
            if one.lifetime == nil {
                let headers = signer.signedHeaders(
                    method: one.method,
                    path: one.path,
                    query: one.query.map(\.named),
                    headers: one.sentHeaders,
                    payloadHash: one.payloadHash
                )
                #expect(headers.last == NamedValue("Authorization", expected.authorization ?? ""), "\(one)")
            } else {
                // The order of parameters in the URL is irrelevant. The signed order is checked above.
                let query = signer.presignedQuery(request).split(separator: "&").map(String.init).sorted()
                #expect(query == expected.query, "\(one)")
            }
        }
    }

    @Test("the published example of a presigned URL is reproduced exactly")
    func publishedExample() throws {
        // AWS, "Authenticating Requests: Using Query Parameters".
        let signer = SigV4(
            credentials: S3Credentials(
                accessKeyID: "AKIAIOSFODNN7EXAMPLE",
                secretAccessKey: Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
            ),
            region: "us-east-1",
            time: Date(timeIntervalSince1970: 1_369_353_600)
        )
        let request = signer.presigned(
            method: "GET",
            host: "examplebucket.s3.amazonaws.com",
            path: "/test.txt",
            query: [],
            lifetime: 86400
        )
        #expect(request.hash == "3bfa292879f6447bbcda7001decf97f4a54dc650c8942174ae0a9121cf58ad04")
        #expect(
            signer.signature(request) == "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        )
    }

    @Test("credentials never appear in their description")
    func placeholders() {
        let credentials = S3Credentials(
            accessKeyID: "AK",
            secretAccessKey: Secret("hush"),
            sessionToken: Secret("hush too")
        )
        #expect(!"\(credentials)".contains("hush"))
        #expect(!String(reflecting: credentials).contains("hush"))
    }

    private struct Stages: Decodable {
        let canonical: String
        let toSign: String
        let signature: String
        let authorization: String?
        let query: [String]?
    }

    private func botocore(_ cases: [SigV4Case]) async throws -> [Stages] {
        let script = TestTools.package.appending("Tests/Compatibility/tools/sign.py")
        let input = String(decoding: try JSONEncoder().encode(cases), as: UTF8.self)
        let result = try await run(
            .path(TestTools.python),
            arguments: [script.string],
            input: .string(input),
            output: .string(limit: 4 << 20),
            error: .string(limit: 1 << 20)
        )
        try #require(result.terminationStatus.isSuccess, "\(result.standardError)")
        return try JSONDecoder().decode([Stages].self, from: Data(result.standardOutput.utf8))
    }
}
