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
        /// The server provides no checksum to compare. The length matches if the server provides it.
        case sameSize
        /// The file differs, or the server found that its stored bytes are damaged. The text is a clause that describes
        /// the problem, such as `its length is 5 bytes`.
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
    /// The last time at which the server read the stored bytes and they matched its checksum.
    ///
    /// `nil` if the server reports no such time, or if the file on the server was not or could not be checked. Without
    /// this time, a match in ``server`` only means that the checksum from the upload is the same.
    public let serverVerifiedOn: Date?

    /// Whether every checked copy matches the receipt: its checksum or, if the server provides none, its length.
    ///
    /// `true` if no copy was checked.
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
    ///   - root: Folder in which the local files have the paths in ``Entry/name``. If `nil`, the local files at
    ///     ``Entry/path`` are checked, except standard input and output.
    ///   - client: Client for the files on the server; if `nil`, only local files are checked.
    ///   - acceptingEndpoint: Whether to accept a receipt for a URL other than the client's, for example because the
    ///     server has a new URL.
    ///   - deep: Whether the server first reads the stored bytes again and compares them with its checksums. Has no
    ///     effect if `client` is `nil`.
    ///   - body: Called with each result, in the order of ``files``.
    /// - Throws: ``ClientError``, with code `.requestInvalid` if the receipt is for another endpoint, or if `deep` is
    ///   `true` and the server does not support it; ``APIError`` if the token is not valid, or if `deep` is `true` and
    ///   the server's extensions cannot be requested; `CancellationError`; any error that `body` throws.
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
