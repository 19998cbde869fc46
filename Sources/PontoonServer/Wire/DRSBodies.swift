import HTTPTypes
import PontoonCore

/// The JSON body that describes a DRS object: a file, or a folder as a bundle.
struct DRSObjectBody: JSONWritable {
    let object: DataObject
    /// Whether the contents of nested bundles are included.
    let expands: Bool
    let base: BaseURL

    func write(to json: inout JSONWriter) {
        let file = object.file
        json.object { json in
            if case .file = object { json.field("access_methods", [AccessMethod()]) }
            json.field("checksums", Checksum.all(of: object))
            if case .bundle(let bundle) = object {
                json.field("contents", bundle.contents.map { Content(object: $0, expands: expands, base: base) })
            }
            json.field("created_time", Timestamp(file.createdOn))
            json.field("id", file.id)
            if case .file = object { json.field("mime_type", MediaType.named(file.name)) }
            json.field("name", file.parent == nil ? file.project.shortName : file.name)
            json.field("self_uri", base.drsURI(of: file.id))
            json.field("size", object.size)
            json.field("updated_time", Timestamp(file.modifiedOn))
        }
    }

    private struct AccessMethod: JSONWritable {
        func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("access_id", DRSCalls.accessID)
                json.field("type", "https")
            }
        }
    }

    private struct Checksum: JSONWritable {
        let type: String
        let digits: String

        /// Returns the known checksums of an object: the CRC-64/NVME, and the MD5 of a file if the client declared it.
        static func all(of object: DataObject) -> [Checksum] {
            let crc64 = object.checksum.map { Checksum(type: "crc64nvme", digits: $0.hex) }
            let md5 = object.file.content?.md5.map { Checksum(type: "md5", digits: $0) }
            return [crc64, md5].compactMap { $0 }
        }

        func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("checksum", digits)
                json.field("type", type)
            }
        }
    }

    private struct Content: JSONWritable {
        let object: DataObject
        let expands: Bool
        let base: BaseURL

        func write(to json: inout JSONWriter) {
            json.object { json in
                if expands, case .bundle(let bundle) = object {
                    json.field("contents", bundle.contents.map { Content(object: $0, expands: true, base: base) })
                }
                json.field("drs_uri", [base.drsURI(of: object.file.id)])
                json.field("id", object.file.id)
                json.field("name", object.file.name)
            }
        }
    }
}

/// The JSON body that describes the DRS service.
///
/// Omits the version of the server, which would reveal known vulnerabilities to anyone, because the call needs no
/// token.
struct DRSServiceInfo: JSONWritable {
    private static let version = "1.5.0"

    let base: BaseURL

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("description", "Files and folders of Pontoon.")
            json.field("id", base.reversedHost + ".drs")
            // DRS requires this field, although objects cannot be requested in bulk.
            json.field("maxBulkRequestLength", 1)
            json.field("name", "Pontoon")
            json.field("organization", ["name": base.host, "url": base.description])
            json.field("type", ["artifact": "drs", "group": "org.ga4gh", "version": Self.version])
            json.field("version", Self.version)
        }
    }
}

/// The body of error responses to DRS requests.
struct DRSErrorBody: JSONWritable {
    let error: PontoonError

    init(_ error: PontoonError) { self.error = error }

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("msg", error.message)
            json.field("status_code", error.code.status.code)
        }
    }
}

extension BaseURL {
    /// The host, and the port if the URL has one.
    private var authority: Substring {
        let rest = description.drop { $0 != ":" }.dropFirst("://".count)
        return rest.prefix { $0 != "/" }
    }

    /// The host, without a port.
    fileprivate var host: String {
        if authority.hasPrefix("[") { return String(authority.prefix { $0 != "]" }) + "]" }
        return String(authority.prefix { $0 != ":" })
    }

    /// The labels of the host in reverse order, as in `org.example.data`; an IP address is not reversed.
    fileprivate var reversedHost: String {
        guard host.contains(where: { $0.isLetter }), !host.hasPrefix("[") else { return host }
        return host.split(separator: ".").reversed().joined(separator: ".")
    }

    /// Returns the URI of a DRS object.
    ///
    /// A DRS URI contains only host, port and id, so clients cannot resolve it if the server's URL has a path.
    fileprivate func drsURI(of id: String) -> String { "drs://\(authority)/\(id)" }
}
