import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// GA4GH's Data Repository Service.
@Suite(.timeLimit(.minutes(10)))
struct DRSTests {
    private static let root = "/ga4gh/drs/v1"

    /// Calls DRS with a token in the given header; by default, with the admin's token in `Authorization`.
    private func get(
        _ path: String,
        _ server: TestServer,
        method: HTTPMethod = .GET,
        token: String? = nil,
        header: String = "Authorization"
    ) async throws -> APIResponse {
        let token = token ?? server.token
        let value = header == "Authorization" ? "Bearer \(token)" : token
        let headers: HTTPHeaders = token.isEmpty ? [:] : [header: value]
        return try await server.api.send(method, server.origin + Self.root + path, headers: headers)
    }

    /// Checks a refusal, whose body has the format of DRS.
    private func expectRefusal(_ response: APIResponse, _ status: Int, _ what: Comment) {
        #expect(response.status == status, what)
        #expect(response["status_code"] == .integer(Int64(status)), what)
        #expect(response["msg"]?.scalarText?.isEmpty == false, what)
        #expect(response["code"] == nil && response["status"] == nil, what)
    }

    @Test("the description of the service needs no token and does not reveal the build")
    func serviceInfo() async throws {
        try await withTestServer(arguments: ["--public-url", "https://data.example.org:8443"]) { server in
            let response = try await get("/service-info", server, token: "")
            #expect(response.status == 200 && response.headers["Content-Type"] == ["application/json"])
            #expect(
                try response.json == [
                    "description": "Files and folders of Pontoon.", "id": "org.example.data.drs",
                    "maxBulkRequestLength": 1, "name": "Pontoon",
                    "organization": ["name": "data.example.org", "url": "https://data.example.org:8443"],
                    "type": ["artifact": "drs", "group": "org.ga4gh", "version": "1.5.0"], "version": "1.5.0",
                ]
            )
        }
    }

    @Test(
        "a file is served as an object, with the token in either header",
        arguments: ["Authorization", "X-SBG-Auth-Token"]
    )
    func file(header: String) async throws {
        try await withTestServer(.live, arguments: ["--public-url", "https://data.example.org"]) { server in
            let md5 = "kAFQmDzST7DWlj99KOF/cg=="
            let file = try await server.api.putFile("ä b.txt", ByteBuffer(string: "abc"), headers: ["Content-MD5": md5])
            let (id, created) = (try file.text("id"), try file.text("created_on"))
            let checksum = try #require(file["checksums"]?["crc64nvme"]?.scalarText)
            let object = try await get("/objects/\(id)", server, header: header)
            #expect(
                try object.json == [
                    "access_methods": [["access_id": "https", "type": "https"]],
                    "checksums": [
                        ["checksum": .string(checksum), "type": "crc64nvme"],
                        ["checksum": "900150983cd24fb0d6963f7d28e17f72", "type": "md5"],
                    ],
                    "created_time": .string(created), "id": .string(id), "mime_type": "text/plain",
                    "name": "ä b.txt", "self_uri": .string("drs://data.example.org/\(id)"), "size": 3,
                    "updated_time": .string(created),
                ]
            )
            let access = try await get("/objects/\(id)/access/https", server, header: header)
            let url = try access.text("url").replacing("https://data.example.org", with: server.origin)
            #expect(try await server.api.send(.GET, url).bodyText == "abc")
            #expect(access.headers["Cache-Control"] == ["no-store"])
        }
    }

    @Test("a folder is served as a bundle, whose checksum is computed from the sorted checksums of its contents")
    func bundle() async throws {
        try await withTestServer { server in
            let folder = try await server.api.makeFolder("run")
            let inner = try await server.api.makeFolder("inner", in: folder)
            var checksums: [String] = []
            for (name, text) in ["b": "123456789", "a": "abc"] {
                let file = try await server.api.putFile(name, ByteBuffer(string: text), to: "parent=\(inner)")
                checksums.append(try #require(file["checksums"]?["crc64nvme"]?.scalarText))
            }
            func checksum(_ parts: [String]) -> String {
                var crc64 = CRC64NVME()
                Array(parts.sorted().joined().utf8).withUnsafeBytes { crc64.update($0) }
                return crc64.hex
            }
            let innerChecksum = checksum(checksums)
            let body = try await get("/objects/\(inner)", server)
            #expect(body["checksums"] == [["checksum": .string(innerChecksum), "type": "crc64nvme"]])
            #expect(body["size"] == 12 && body["access_methods"] == nil && body["mime_type"] == nil)
            guard case .array(let contents) = body["contents"] else { throw UnexpectedResponse(description: "none") }
            #expect(contents.compactMap { $0["name"]?.scalarText } == ["a", "b"])
            for content in contents {
                let id = try #require(content["id"]?.scalarText)
                #expect(content["drs_uri"] == [.string("drs://localhost/\(id)")] && content["contents"] == nil)
                #expect(try await get("/objects/\(id)", server).status == 200)
            }
            let outer = try await get("/objects/\(folder)", server)
            #expect(outer["checksums"] == [["checksum": .string(checksum([innerChecksum])), "type": "crc64nvme"]])
            #expect(outer["size"] == 12)
            let flat: JSONValue = [
                "drs_uri": [.string("drs://localhost/\(inner)")], "id": .string(inner), "name": "inner",
            ]
            #expect(outer["contents"] == [flat])
            for value in ["true", "True"] {
                let expanded = try await get("/objects/\(folder)?expand=\(value)", server)
                guard case .array(let nested) = expanded["contents"] else {
                    throw UnexpectedResponse(description: "no contents")
                }
                #expect(nested.first?["contents"] == .array(contents))
            }
            let root = try await get("/objects/\(try await server.api.root())", server)
            #expect(root["name"] == "uploads" && root["size"] == 12)
            let empty = try await get("/objects/\(try await server.api.makeFolder("empty"))", server)
            #expect(empty["contents"] == [] && empty["size"] == 0)
            #expect(empty["checksums"] == [["checksum": "0000000000000000", "type": "crc64nvme"]])
        }
    }

    @Test("refusals have the API's statuses and the format of DRS, and reveal nothing about other users' objects")
    func refusals() async throws {
        try await withTestServer(arguments: ["--rate-limit", "8/1h"]) { server in
            let file = try await server.api.putFile("a", ByteBuffer(string: "abc")).text("id")
            let folder = try await server.api.makeFolder("run")
            let stranger = try await server.addUser("stranger").token
            let reader = try await server.addUser("reader").token
            try await server.addMember("reader", of: "admin/uploads", rights: ["read"])
            let scope = TokenDetails(rights: TokenRights(scope: .upload))
            let uploader = try await server.createToken(for: "admin", scope)
            let object = "/objects/\(file)"
            expectRefusal(try await get(object, server, token: ""), 401, "no token")
            expectRefusal(try await get(object, server, token: "wrong"), 401, "unknown token")
            let foreign = try await get(object, server, token: stranger)
            expectRefusal(foreign, 404, "an object of another user")
            let none = try await get("/objects/000000000000000000000000", server, token: stranger)
            #expect(none.status == 404 && none.bodyText == foreign.bodyText)
            expectRefusal(try await get("\(object)/access/https", server, token: stranger), 404, "its access")
            #expect(try await get(object, server, token: reader).status == 200)
            expectRefusal(try await get("\(object)/access/https", server, token: reader), 403, "no permission to copy")
            expectRefusal(try await get(object, server, token: uploader), 403, "scope")
            expectRefusal(try await get("\(object)/access/other", server), 404, "access method")
            expectRefusal(try await get("/objects/\(folder)/access/https", server), 404, "access to a bundle")
            expectRefusal(try await get("/nothing", server), 404, "no route")
            expectRefusal(try await get(object, server, method: .POST), 405, "method")
            for _ in 0..<8 { _ = try await get(object, server, token: reader) }
            expectRefusal(try await get(object, server, token: reader), 429, "rate limit")
        }
    }

    @Test("a bundle has at most 10,000 files and folders")
    func limit() async throws {
        try await withTestServer { server in
            let folder = try await server.api.makeFolder("run")
            var tar = TarBuilder()
            for number in 0..<9999 { tar.add("\(number)/", type: "5") }
            let first = try await server.api.putArchive(tar.finished(), to: "parent=\(folder)")
            #expect(first.summary?["summary"]?["folders"] == 9999)
            let bundle = try await get("/objects/\(folder)", server)
            guard case .array(let contents) = bundle["contents"] else { throw UnexpectedResponse(description: "none") }
            #expect(contents.count == 9999)
            _ = try await server.api.makeFolder("more", in: folder)
            expectRefusal(try await get("/objects/\(folder)", server), 400, "too many")
        }
    }
}
