import Foundation
import NIOCore
import PontoonTesting
import Testing

@testable import PontoonObjects

/// The parsers of S3's responses, with damaged text and wrong encodings.
struct S3FuzzTests {
    @Test("damaged XML is either parsed or refused")
    func responses() {
        let corpus = [
            """
            <?xml version="1.0" encoding="UTF-8"?><ListPartsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">\
            <Part><PartNumber>1</PartNumber><ETag>&quot;e&quot;</ETag><Size>5</Size></Part><Part><PartNumber>2</PartNumber>\
            <ETag>x</ETag><Size>-9223372036854775808</Size></Part><IsTruncated>true</IsTruncated>\
            <NextPartNumberMarker>2</NextPartNumberMarker></ListPartsResult>
            """,
            """
            <ListMultipartUploadsResult><Upload><Key>a/b</Key><UploadId>u</UploadId>\
            <Initiated>2026-11-23T17:00:00.000Z</Initiated></Upload><IsTruncated>false</IsTruncated>\
            </ListMultipartUploadsResult>
            """,
            """
            <ListBucketResult><Contents><Key>k</Key><Size>7</Size><LastModified>2026-11-23T17:00:00Z</LastModified>\
            </Contents><NextContinuationToken>t</NextContinuationToken></ListBucketResult>
            """,
            "<Error><Code>NoSuchKey</Code><Message>m</Message><RequestId>r</RequestId></Error>",
            "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>",
            """
            <CORSConfiguration><CORSRule><ID>i</ID><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod>\
            <AllowedHeader>*</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>5</MaxAgeSeconds></CORSRule>\
            </CORSConfiguration>
            """,
        ]
        Fuzzing.run(corpus, rounds: 1000) { bytes in
            let body = ByteBuffer(bytes: bytes)
            _ = S3XML.error(body)
            _ = try? S3XML.decode(S3XML.PartList.self, from: body)
            _ = try? S3XML.decode(S3XML.UploadList.self, from: body)
            _ = try? S3XML.decode(S3XML.ObjectList.self, from: body)
            _ = try? S3XML.decode(S3XML.InitiatedUpload.self, from: body)
            guard let rules = try? S3XML.crossOriginRules(body), let again = try? S3XML.body(of: rules) else { return }
            #expect((try? S3XML.crossOriginRules(again)) == rules, "\(bytes)")
        }
    }

    @Test("XML that is not UTF-8 is refused", arguments: ["<a\u{80}/>", "<Error><Code>\u{80}</Code></Error>"])
    func encoding(text: String) {
        // In ISO 8859-1, U+0080 is the byte 0x80, which no UTF-8 text contains here.
        let body = ByteBuffer(bytes: text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) })
        #expect(throws: S3UnexpectedResponse.self) { try S3XML.decode(S3XML.InitiatedUpload.self, from: body) }
        #expect(S3XML.error(body) == nil)
    }

    @Test("damaged ETags and times are either parsed or refused")
    func texts() {
        Fuzzing.run(["4ab8db21dec95d106622bda2050fb4b4-1", "2026-11-23T17:00:00.000Z"]) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            _ = MultipartTag.agrees(text, with: ["376805a5a5f9400e8473602fcd02b1fe", text])
            _ = try? S3Client.time(text)
        }
    }
}
