import Foundation
import NIOPosix
import PontoonCore

extension FileUpload {
    /// Completes the upload and compares the file at the server with the one here.
    ///
    /// - Returns: The file, its CRC-64/NVME, and how it was compared.
    /// - Throws: `.fileChanged`, `.checksumMismatch`, and what calls throw.
    func complete(
        _ transfer: PartTransfer,
        _ parts: [StoredPart]
    ) async throws -> (FileDetails, CRC64NVME, UploadResult.Verification) {
        let file = transfer.file
        var parts = parts
        try await run.threads.runIfActive { try file.checkUnchanged() }
        let details: FileDetails
        do {
            details = try await complete(transfer.upload.id, parts)
        } catch let error as APIError where [8007, 8014, 8015].contains(error.code) {
            // The server misses something that it, or the storage, acknowledged: once more, part by part.
            parts = try await repair(transfer, parts)
            details = try await complete(transfer.upload.id, parts)
        } catch let error as APIError where error.status == 404 {
            // Perhaps an earlier complete did its work and only its answer was lost.
            guard case .there(let there, let crc64, let verification)? = try await sameFileThere(file) else {
                throw error
            }
            return (there, crc64, verification)
        }
        let crc64 = parts.reduce(CRC64NVME()) { $0.appending($1.crc64, length: $1.size) }
        return (details, crc64, try verify(details, crc64, parts, file))
    }

    private func complete(_ upload: String, _ parts: [StoredPart]) async throws -> FileDetails {
        let reports = parts.map { PartReport(number: $0.number, etag: $0.etag) }
        return try await run.client.completeUpload(
            upload,
            name: item.name,
            reports: run.server.takesReportsAtComplete ? reports : nil
        )
    }

    /// Reports each part on its own, and sends again those that the server does not have.
    private func repair(_ transfer: PartTransfer, _ parts: [StoredPart]) async throws -> [StoredPart] {
        var missing: [Int] = []
        for part in parts {
            do {
                try await run.client.report(transfer.upload.id, PartReport(number: part.number, etag: part.etag))
            } catch let error as APIError where error.code == 8014 {
                missing.append(part.number)
            }
        }
        guard !missing.isEmpty else { return parts }
        let again = try await transfer.resend(missing)
        let kept = parts.filter { !missing.contains($0.number) }
        return (kept + again).sorted { $0.number < $1.number }
    }

    private func verify(
        _ details: FileDetails,
        _ crc64: CRC64NVME,
        _ parts: [StoredPart],
        _ file: SourceFile
    ) throws -> UploadResult.Verification {
        if let size = details.size, size != file.facts.size {
            throw mismatch("it has \(size) bytes at the server and \(file.facts.size) here")
        }
        if let checksum = details.checksums?.crc64nvme {
            guard checksum.lowercased() == crc64.hex else {
                throw mismatch("its CRC-64/NVME is \(checksum) at the server and \(crc64.hex) here")
            }
            return .file
        }
        return parts.allSatisfy(\.isVerified) ? .parts : .size
    }

    private func mismatch(_ how: String) -> ClientError {
        ClientError(
            .checksumMismatch,
            "'\(item.source)' was stored differently: \(how).",
            advice: "Delete '\(item.remotePath)' at the server and upload it again."
        )
    }
}
