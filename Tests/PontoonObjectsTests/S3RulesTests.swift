import Foundation
import NIOCore
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

@testable import PontoonObjects

@Suite("S3 rules")
struct S3RulesTests {
    @Test(
        "URLs are parsed",
        arguments: [
            ("s3://b", "https://s3.us-east-1.amazonaws.com", "", false, "b.s3.us-east-1.amazonaws.com", "/k"),
            ("s3://b/", "https://s3.us-east-1.amazonaws.com", "", false, "b.s3.us-east-1.amazonaws.com", "/k"),
            (
                "s3://b?region=eu-west-1", "https://s3.eu-west-1.amazonaws.com", "", false,
                "b.s3.eu-west-1.amazonaws.com", "/k"
            ),
            ("s3://b/p/q/?endpoint=http://h:8333", "http://h:8333", "p/q", true, "h:8333", "/b/k"),
            ("s3://b?endpoint=https://h:443/&path-style=false", "https://h", "", false, "b.h", "/k"),
            (
                "s3://b?path-style=true", "https://s3.us-east-1.amazonaws.com", "", true, "s3.us-east-1.amazonaws.com",
                "/b/k"
            ),
        ] as [(String, String, String, Bool, String, String)]
    )
    func addresses(
        url: String,
        endpoint: String,
        prefix: String,
        isPathStyle: Bool,
        host: String,
        path: String
    ) throws {
        let settings = try S3Settings(url: url)
        #expect(settings.endpoint == S3Endpoint(endpoint))
        #expect(settings.publicEndpoint == settings.endpoint)
        #expect(settings.prefix == prefix && settings.isPathStyle == isPathStyle)
        let address = S3Address(endpoint: settings.endpoint, bucket: settings.bucket, isPathStyle: isPathStyle)
        #expect(address.host == host && address.path("k") == path)
    }

    @Test("clients may use a different endpoint than the server")
    func publicEndpoint() throws {
        let settings = try S3Settings(
            url:
                "s3://b?endpoint=http://10.0.0.1:8333&public-endpoint=https://s3.example.org&ca-file=/etc/ca.pem&region=x"
        )
        #expect(settings.publicEndpoint == S3Endpoint("https://s3.example.org"))
        #expect(settings.certificates == "/etc/ca.pem" && settings.region == "x")
    }

    @Test(
        "invalid URLs are rejected",
        arguments: [
            "", "b", "http://b", "s3://", "s3:///p", "s3://u:p@b", "s3://b:80", "s3://b#f", "s3://b//p/q?x=1",
            "s3://b?x=1",
            "s3://b?region=", "s3://b?region=a&region=b", "s3://b?endpoint=h", "s3://b?endpoint=ftp://h",
            "s3://b?endpoint=http://h/path", "s3://b?endpoint=http://u:p@h", "s3://b?path-style=yes", "s3://b?ca-file=",
            "s3://b/a//c", "s3://b/a/../c", "s3://b/\(String(repeating: "a", count: 256))",
        ]
    )
    func badAddresses(_ url: String) {
        #expect(throws: S3SettingsError.self) { try S3Settings(url: url) }
    }

    @Test("the error for an unknown parameter lists the known ones")
    func unknownParameter() throws {
        let error = try #require(throws: S3SettingsError.self) { try S3Settings(url: "s3://b?pathstyle=true") }
        let known = "'ca-file', 'endpoint', 'path-style', 'public-endpoint', 'region'"
        #expect(error.description == "has an unknown parameter 'pathstyle'; the supported parameters are \(known)")
    }

    @Test("pauses double up to a maximum, with jitter, until the last attempt")
    func pauses() {
        let retry = S3Retry(attempts: 9, backoff: Backoff(first: .milliseconds(100), longest: .seconds(2)))
        let whole = (1...9).map { retry.pause(after: $0, jitter: 1) }
        let expected: [Duration?] = [100, 200, 400, 800, 1600, 2000, 2000, 2000].map { .milliseconds($0) }
        #expect(whole == expected + [nil])
        #expect(retry.pause(after: 2, jitter: 0.5) == .milliseconds(100))
        #expect(S3Retry(attempts: 1).pause(after: 1, jitter: 1) == nil)
    }

    @Test(
        "only temporary errors are retried",
        arguments: [
            (500, "InternalError", true), (503, "SlowDown", true), (502, "HTTP502", true), (200, "InternalError", true),
            (400, "RequestTimeout", true), (404, "NoSuchUpload", false), (403, "AccessDenied", false),
            (400, "InvalidPart", false), (403, "RequestTimeTooSkewed", false),
        ] as [(Int, String, Bool)]
    )
    func transience(status: Int, code: String, isTransient: Bool) {
        let error = S3Error(status: status, code: code, message: "", requestID: nil, region: nil)
        #expect(S3Retry.isTransient(error) == isTransient)
        #expect(S3Retry.isTransient(S3UnexpectedResponse("x")) == false)
        #expect(S3Retry.isTransient(S3Unreachable(cause: CancellationError())))
    }

    @Test(
        "an object's ETag shows whether it consists of the reported parts",
        arguments: [
            ("4ab8db21dec95d106622bda2050fb4b4-1", ["376805a5a5f9400e8473602fcd02b1fe"], true),
            ("4AB8DB21DEC95D106622BDA2050FB4B4-1", ["376805A5A5F9400E8473602FCD02B1FE"], true),
            (
                "4ab8db21dec95d106622bda2050fb4b4-1",
                ["376805a5a5f9400e8473602fcd02b1fe", "d41d8cd98f00b204e9800998ecf8427e"], true
            ),
            ("4ab8db21dec95d106622bda2050fb4b4-1", ["42d2956abc2a32f5556e7b8b7bef5816"], false),
            ("4ab8db21dec95d106622bda2050fb4b4-2", ["376805a5a5f9400e8473602fcd02b1fe"], false),
            ("4ab8db21dec95d106622bda2050fb4b4-1", [], false),
            ("d41d8cd98f00b204e9800998ecf8427e", [], true),
            ("opaque-1-x", ["anything"], true),
            ("4ab8db21dec95d106622bda2050fb4b4-1", ["no-hash"], true),
        ] as [(String, [String], Bool)]
    )
    func tags(tag: String, parts: [String], agrees: Bool) {
        #expect(MultipartTag.agrees(tag, with: parts) == agrees)
    }

    @Test("an error in the body of a 200 response is found after keep-alive whitespace")
    func errorInSuccess() throws {
        let text = "\n \r\n<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>InternalError</Code></Error>"
        let error = try #require(S3XML.error(ByteBuffer(string: text)))
        #expect(error.code == "InternalError")
        let done = ByteBuffer(
            string: "   <CompleteMultipartUploadResult><ETag>&quot;a-1&quot;</ETag></CompleteMultipartUploadResult>"
        )
        #expect(S3XML.error(done) == nil)
        #expect(try S3XML.decode(S3XML.CompletedUpload.self, from: done).eTag == "\"a-1\"")
    }

    @Test("lists with zero, one and many entries are parsed")
    func lists() throws {
        let page = { (parts: String) in
            ByteBuffer(
                string: """
                    <ListPartsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Bucket>b</Bucket>\(parts)\
                    <IsTruncated>true</IsTruncated><NextPartNumberMarker>7</NextPartNumberMarker></ListPartsResult>
                    """
            )
        }
        let part = "<Part><PartNumber>7</PartNumber><ETag>&quot;e&quot;</ETag><Size>5368709120</Size></Part>"
        for count in [0, 1, 3] {
            let list = try S3XML.decode(
                S3XML.PartList.self,
                from: page(String(repeating: part, count: count))
            )
            #expect((list.part ?? []).count == count && list.isTruncated == true && list.nextPartNumberMarker == 7)
            #expect((list.part ?? []).allSatisfy { $0.size == 5 << 30 && $0.eTag == "\"e\"" && $0.partNumber == 7 })
        }
        #expect(throws: S3UnexpectedResponse.self) {
            try S3XML.decode(S3XML.InitiatedUpload.self, from: ByteBuffer(string: "<html>welcome</html>"))
        }
    }

    @Test("a completion is encoded in the XML that S3 expects")
    func completion() throws {
        let body = try S3XML.completion(of: [
            ListedPart(number: try PartNumber(1), size: 3, etag: "a&b"),
            ListedPart(number: try PartNumber(2), size: 3, etag: "c"),
        ])
        let text = String(buffer: body)
        #expect(
            text.hasPrefix("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part>")
        )
        #expect(text.contains("<PartNumber>2</PartNumber>") && text.contains("<ETag>") && text.contains("&amp;b"))
        #expect(!text.contains("Size"))
    }
}
