import NIOPosix
import PontoonCore
import SystemPackage

/// The comparison of one file with its entry in a receipt.
public struct ReceiptCheck: Sendable {
    /// The result for one copy of the file.
    public enum Finding: Sendable {
        /// The checksum matches.
        case same
        /// The length matches; the server provides no checksum to compare.
        case sameSize
        /// The file differs; the text describes how.
        case different(String)
        /// The file does not exist.
        case missing
        /// The file could not be checked.
        case failed(any Error)
    }

    /// The receipt's entry.
    public let entry: Receipt.Entry
    /// The result for the local file; `nil` if it was not checked.
    public let local: Finding?
    /// The result for the file on the server; `nil` if it was not checked.
    public let server: Finding?

    /// Whether every checked copy matches the receipt: by checksum or, if there is none, by length.
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
    ///   - client: Client for the files on the server; `nil` checks the local files only.
    ///   - body: Called with each result, in the order of ``files``.
    /// - Throws: ``ClientError``, with code `.requestInvalid` if the receipt is for another endpoint; ``APIError`` if
    ///   the token is not valid; any error that `body` throws.
    public func check(
        locally: Bool,
        client: SevenBridgesClient?,
        _ body: (ReceiptCheck) async throws -> Void
    ) async throws {
        if let client, client.endpoint.url != endpoint {
            throw ClientError(
                .requestInvalid,
                "The receipt is for \(endpoint), not for \(client.endpoint).",
                advice: "Choose the profile of that endpoint with --profile."
            )
        }
        for entry in files {
            let local = locally ? try await Self.checkLocal(entry) : nil
            var server: ReceiptCheck.Finding?
            if let client { server = try await Self.checkServer(entry, client) }
            try await body(ReceiptCheck(entry: entry, local: local, server: server))
        }
    }

    private static func checkLocal(_ entry: Entry) async throws -> ReceiptCheck.Finding {
        try await NIOThreadPool.singleton.runIfActive {
            do {
                let path = FilePath(entry.path)
                if try FileSelection.kind(path) == .missing { return .missing }
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

    private static func checkServer(_ entry: Entry, _ client: SevenBridgesClient) async throws -> ReceiptCheck.Finding {
        do {
            let file = try await client.file(entry.fileID)
            if let size = file.size, size != entry.size { return .different(lengthDifference(size)) }
            guard let checksum = file.checksums?.crc64nvme?.lowercased() else { return .sameSize }
            return checksum == entry.crc64nvme ? .same : .different("its CRC-64/NVME is \(checksum)")
        } catch let error as APIError where error.status == 404 {
            return .missing
        } catch let error as APIError where !error.concernsToken {
            return .failed(error)
        }
    }

    private static func lengthDifference(_ size: Int64) -> String { "its length is \(size) bytes" }
}
