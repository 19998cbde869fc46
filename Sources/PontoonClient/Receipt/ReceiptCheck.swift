public import PontoonFoundation
import NIOPosix
import PontoonCore
public import SystemPackage

/// The result of comparing one file with its entry in a receipt.
public struct ReceiptCheck: Sendable {
    /// The result for the local file or for the file on the server.
    public enum Finding: Sendable {
        /// The checksum matches.
        case same
        /// The length matches. The server provides no checksum to compare.
        case sameSize
        /// The file differs. The text describes how in a clause, such as `its length is 5 bytes`.
        case different(String)
        /// The file does not exist.
        case missing
        /// The file could not be checked.
        case failed(any Error)
    }

    /// The file's entry in the receipt.
    public let entry: Receipt.Entry
    /// The result for the local file; `nil` if it was not checked.
    public let local: Finding?
    /// The result for the file on the server; `nil` if it was not checked.
    public let server: Finding?
    /// The last time that the server read the stored bytes and found that they match its checksum.
    ///
    /// `nil` if the file on the server was not checked, or if the server has not read it since the upload. In the
    /// latter case, only the checksum that was computed during the upload was compared.
    public let serverVerifiedOn: Date?

    /// Whether every checked copy has the checksum in the receipt or, if the server provides no checksum, the length.
    public var isGood: Bool {
        [local, server].allSatisfy { finding in
            switch finding {
            case nil, .same, .sameSize: true
            case .different, .missing, .failed: false
            }
        }
    }
}

extension Receipt {
    /// Compares every file in the receipt with its recorded length and checksum.
    ///
    /// - Parameters:
    ///   - locally: Whether to read the local files and compare their checksums.
    ///   - root: Folder in which the local files have the same relative paths as on the server. If `nil`, the local
    ///     paths in the receipt are used.
    ///   - client: Client for the files on the server; if `nil`, only local files are checked.
    ///   - acceptingEndpoint: Whether to accept a receipt for another URL, which must belong to the same server.
    ///   - deep: Whether the server reads the stored bytes again before they are compared.
    ///   - body: Called with each result, in the order of ``files``.
    /// - Throws: ``ClientError`` with code `.requestInvalid` if the receipt is for another endpoint, or if `deep` is
    ///   `true` and the server does not support it; ``APIError`` if the token is not valid; any error that `body`
    ///   throws.
    public func check(
        locally: Bool,
        in root: FilePath? = nil,
        client: SevenBridgesClient?,
        acceptingEndpoint: Bool = false,
        deep: Bool = false,
        _ body: (ReceiptCheck) async throws -> Void
    ) async throws {
        if let client, client.endpoint.url != endpoint, !acceptingEndpoint {
            throw ClientError(
                .requestInvalid,
                "The receipt is for \(endpoint), not for \(client.endpoint).",
                advice: "Choose the profile of that endpoint with --profile, or its current URL with --endpoint."
            )
        }
        var requests = DeepVerification.Requests()
        if let client, deep { requests = try await DeepVerification(client).request(files) }
        for entry in files {
            // There is no local copy of standard input or standard output.
            let isLocal = locally && (entry.path != "-" || root != nil)
            let local = isLocal ? try await Self.checkLocal(entry, in: root) : nil
            var server: (finding: ReceiptCheck.Finding, verifiedOn: Date?)?
            if let client { server = try await Self.checkServer(entry, client, requests[entry.fileID]) }
            try await body(
                ReceiptCheck(entry: entry, local: local, server: server?.finding, serverVerifiedOn: server?.verifiedOn)
            )
        }
    }

    private static func checkLocal(_ entry: Entry, in root: FilePath?) async throws -> ReceiptCheck.Finding {
        try await NIOThreadPool.singleton.runIfActive {
            do {
                let path = root.map { $0.appending(entry.name) } ?? FilePath(entry.path)
                if LocalEntry(path) == .missing { return .missing }
                let file = try SourceFile(path)
                defer { file.closeAfterReading() }
                guard file.facts.size == entry.size else { return .different(lengthDifference(file.facts.size)) }
                let crc64 = try file.digest(0..<entry.size, md5: false).crc64.hex
                return crc64 == entry.crc64nvme ? .same : .different("its CRC-64/NVME is \(crc64)")
            } catch {
                return .failed(error)
            }
        }
    }

    private static func checkServer(
        _ entry: Entry,
        _ client: SevenBridgesClient,
        _ request: DeepVerification.Request?
    ) async throws -> (ReceiptCheck.Finding, Date?) {
        do {
            let file =
                if let request {
                    try await DeepVerification(client).result(of: request, size: entry.size)
                } else {
                    try await client.file(entry.fileID)
                }
            return (compare(entry, file), file.checksums?.verifiedOn)
        } catch let error as APIError where error.status == 404 {
            return (.missing, nil)
        } catch let error as APIError where !error.concernsToken {
            return (.failed(error), nil)
        } catch let error as ClientError where request != nil && error.code == .verificationFailed {
            return (.failed(error), nil)
        }
    }

    private static func compare(_ entry: Entry, _ file: FileDetails) -> ReceiptCheck.Finding {
        if let size = file.size, size != entry.size { return .different(lengthDifference(size)) }
        if let damage = file.checksums?.damage { return .different(damage) }
        guard let checksum = file.checksums?.crc64nvme?.lowercased() else { return .sameSize }
        return checksum == entry.crc64nvme ? .same : .different("its CRC-64/NVME is \(checksum)")
    }

    private static func lengthDifference(_ size: Int64) -> String { "its length is \(size) bytes" }
}
