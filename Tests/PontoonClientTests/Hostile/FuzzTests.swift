import Foundation
import NIOCore
import PontoonTesting
import SystemPackage
import Testing

@testable import PontoonClient

/// Parsers of the client's files and of responses, with corrupt input.
struct FuzzTests {
    @Test("accepted manifests name each file once, and have no empty names or values")
    func manifest() {
        let corpus = [
            "File name,sample_id,tags\nreads/a.bam,s1,raw|2026\n\"b,c.bam\",\"x \"\"y\"\"\nz\",\n",
            "\u{FEFF}filename,Key\r\na,1\r\n\r\nb,\r\n", "File name\na\nb\n",
        ]
        Fuzzing.run(corpus) { bytes in
            guard let text = String(validating: bytes, as: UTF8.self),
                let manifest = try? Manifest(text: text, folder: "/", name: "m")
            else { return }
            let files = manifest.rows.map(\.file)
            #expect(Set(files).count == files.count && !files.contains(""), "\(bytes)")
            #expect(manifest.rows.allSatisfy { !$0.metadata.values.contains("") }, "\(bytes)")
        }
    }

    @Test("a damaged journal contains no part without a head, and causes no crash")
    func journal() throws {
        let head = DownloadHead(endpoint: "http://h/v2", file: "a", size: 99, rangeSize: 10, crc64: nil)
        let parts = (1...5).map { JournalPart(number: $0, etag: "\"e\($0)\"", crc64: "00000000000000\($0)0") }
        let encoder = JSONEncoder()
        var lines = try parts.map { String(decoding: try encoder.encode($0), as: UTF8.self) }
        lines.insert(String(decoding: try encoder.encode(head), as: UTF8.self), at: 0)
        let whole = Journal<DownloadHead>.parse(Data(lines.joined(separator: "\n").utf8))
        #expect(whole.head == head && whole.parts.values.sorted { $0.number < $1.number } == parts)
        let details = try JSONDecoder().decode(UploadDetails.self, from: Data(#"{"upload_id": "u"}"#.utf8))
        Fuzzing.run([lines.joined(separator: "\n") + "\n"]) { bytes in
            let parsed = Journal<DownloadHead>.parse(Data(bytes))
            #expect(parsed.head != nil || parsed.parts.isEmpty)
            #expect(parsed.parts.allSatisfy { $0.key == $0.value.number })
            // No content of the journal may crash a download or an upload.
            if let head = parsed.head, head.isSameFile(as: head) {
                #expect(FileRanges(size: max(0, head.size % 100), rangeSize: head.rangeSize).count <= 4097)
            }
            let plan = PartPlan(size: 99, partSize: 10, reason: "")
            let upload = OpenUpload(details, plan: plan, journaled: parsed.parts)
            #expect(upload.acknowledged.keys.allSatisfy { !plan.range($0).isEmpty })
        }
        Fuzzing.run([Self.uploadHead]) { _ = Journal<JournalHead>.parse(Data($0)) }
    }

    private static let uploadHead = """
        {"version":1,"endpoint":"http://h/v2","destinationKind":"project","destination":"a/b","source":"/f",\
        "remotePath":"f","tags":["t"],"metadata":{"k":"v"},"identity":{"facts":{"device":1,"inode":2,"size":3,\
        "modified":4},"sample":"00"},"upload":"u","partSize":5242880,"began":"2026-11-27T12:00:00Z"}
        """

    @Test("accepted receipts can be written and read again")
    func receipt() throws {
        let corpus = [
            """
            {"version":1,"endpoint":"http://h/v2","destination_kind":"project","destination":"a/b",\
            "ended":"2026-11-27T12:00:00Z","files":[{"path":"/f","name":"f","file_id":"a","size":3,\
            "crc64nvme":"0123456789abcdef","verified_by":"file"}]}
            """
        ]
        let (encoder, decoder) = (JSONEncoder(), JSONDecoder())
        encoder.dateEncodingStrategy = .iso8601
        decoder.dateDecodingStrategy = .iso8601
        try Fuzzing.run(corpus) { bytes in
            guard let receipt = try? decoder.decode(Receipt.self, from: Data(bytes)) else { return }
            let again = try decoder.decode(Receipt.self, from: try encoder.encode(receipt))
            #expect(again == receipt, "\(bytes)")
        }
    }

    @Test("lengths, ids and dates of accepted responses are within their ranges")
    func responses() {
        let corpus = [
            """
            {"items":[{"id":"a","name":"f","size":5,"type":"file","modified_on":"2026-11-27T12:00:00Z","tags":["t"],\
            "metadata":{"k":null},"checksums":{"crc64nvme":"0123456789abcdef"}}],"links":[{"rel":"next","href":"x"}]}
            """,
            """
            {"upload_id":"u","part_size":5242880,"size":99,"parts":[{"part_number":1,"response":{"headers":\
            {"ETag":"x"}}}],"part_infos":[{"part_number":1,"url":"http://h/","expires":1800000000000,"headers":{}}]}
            """,
        ]
        let lengths = 0...ServerValues.maximumLength
        Fuzzing.run(corpus) { bytes in
            let body = ByteBuffer(bytes: bytes)
            for file in (try? ServerValues.decode(ResultPage<FileDetails>.self, from: body))?.items ?? [] {
                #expect(lengths.contains(file.size ?? 0) && !["", ".", ".."].contains(file.id), "\(bytes)")
                _ = file.modifiedOn?.formatted(.iso8601)
            }
            guard let upload = try? ServerValues.decode(UploadDetails.self, from: body) else { return }
            #expect(lengths.contains(upload.size ?? 0) && lengths.contains(upload.partSize ?? 0), "\(bytes)")
            let plan = PartPlan(size: 99, partSize: max(1, upload.partSize ?? 1), reason: "")
            let open = OpenUpload(upload, plan: plan, journaled: [:])
            #expect(open.acknowledged.keys.allSatisfy { !plan.range($0).isEmpty }, "\(bytes)")
        }
    }

    @Test("accepted URLs have a host and a valid port")
    func urls() {
        let corpus = [
            "https://bucket.s3.eu-central-1.amazonaws.com:443/key?X-Amz-Signature=00#f", "http://[::1]:8080/v2",
            "http+unix://%2Ftmp%2Fx/y", "http://user:password@host/",
        ]
        Fuzzing.run(corpus) { bytes in
            guard let address = try? WebAddress(String(decoding: bytes, as: UTF8.self)) else { return }
            #expect(!address.host.isEmpty && (1...65_535).contains(address.port), "\(bytes)")
        }
    }

    @Test("any text can be parsed as a credentials file, and a profile can be replaced in it")
    func credentials() {
        Fuzzing.run(["[default]\napi_endpoint = https://h/v2\nauth_token = x\n; c\n[b]\nauth_token: y"]) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            _ = CredentialsFile(text).profiles
            let replaced = CredentialsFile.replacing("default", in: text, by: ["[default]", "auth_token = z"])
            #expect(CredentialsFile(replaced).profiles["default"] != nil, "\(bytes)")
        }
    }
}
