import NIOPosix
import PontoonCore
import SystemPackage

/// How a file compares with what a receipt says of it.
public struct ReceiptCheck: Sendable {
    /// What was found at one of the two ends.
    public enum Finding: Sendable {
        /// The checksum is the receipt's.
        case same
        /// The length is; there is no checksum to compare.
        case sameSize
        case different(String)
        case missing
        /// It could not be found out.
        case failed(any Error)
    }

    /// The file.
    public let entry: Receipt.Entry
    /// The file here; `nil` when it was not looked at.
    public let local: Finding?
    /// The file at the server; `nil` when it was not looked at.
    public let server: Finding?

    /// Whether nothing speaks against the receipt.
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
    /// Compares every file with the receipt.
    ///
    /// - Parameters:
    ///   - locally: Whether the files here are read and hashed.
    ///   - client: Who is asked for the files at the server; `nil` leaves them out.
    ///   - body: Gets each result, in order.
    /// - Throws: `.requestInvalid` when the receipt is of another endpoint; what `body` throws.
    public func check(
        locally: Bool,
        client: SevenBridgesClient?,
        _ body: (ReceiptCheck) async throws -> Void
    ) async throws {
        if let client, client.endpoint.url != endpoint {
            throw ClientError(
                .requestInvalid,
                "The receipt is of \(endpoint), not of \(client.endpoint).",
                advice: "Choose the profile of that endpoint."
            )
        }
        for entry in files {
            let local = locally ? try await Self.local(entry) : nil
            var server: ReceiptCheck.Finding?
            if let client { server = try await Self.remote(entry, client) }
            try await body(ReceiptCheck(entry: entry, local: local, server: server))
        }
    }

    private static func local(_ entry: Entry) async throws -> ReceiptCheck.Finding {
        try await NIOThreadPool.singleton.runIfActive {
            do {
                let path = FilePath(entry.path)
                if try FileSelection.kind(path) == .missing { return .missing }
                let file = try SourceFile(path)
                defer { try? file.close() }
                guard file.facts.size == entry.size else { return .different("it has \(file.facts.size) bytes") }
                let crc64 = try file.digest(0..<entry.size, md5: false).crc64.hex
                return crc64 == entry.crc64nvme ? .same : .different("its CRC-64/NVME is \(crc64)")
            } catch {
                return .failed(error)
            }
        }
    }

    private static func remote(_ entry: Entry, _ client: SevenBridgesClient) async throws -> ReceiptCheck.Finding {
        do {
            let file = try await client.file(entry.fileID)
            if let size = file.size, size != entry.size { return .different("it has \(size) bytes") }
            guard let checksum = file.checksums?.crc64nvme?.lowercased() else { return .sameSize }
            return checksum == entry.crc64nvme ? .same : .different("its CRC-64/NVME is \(checksum)")
        } catch let error as APIError where error.status == 404 {
            return .missing
        } catch let error as APIError where !error.concernsToken {
            return .failed(error)
        }
    }
}
