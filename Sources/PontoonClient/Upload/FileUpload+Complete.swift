import PontoonFoundation
import NIOPosix
import PontoonCore

extension FileUpload {
    /// Completes the upload and verifies the resulting file.
    ///
    /// If the server reports missing parts, resends the parts that it has lost and tries once more. If the upload no
    /// longer exists, returns an identical file at the destination, which an earlier attempt may have created.
    ///
    /// - Throws: ``ClientError``, with code `.fileChanged` if the local file changed, or `.checksumMismatch` if the
    ///   uploaded file differs from it; ``APIError``.
    func complete(
        _ uploader: PartUploader,
        _ source: SourceFile,
        _ stored: [VerifiedPart]
    ) async throws -> CompletedUpload {
        var stored = stored
        try await threads.runIfActive {
            if job.options.computesMD5 { _ = try source.wholeMD5() }
            try source.checkUnchanged()
        }
        let details: FileDetails
        do {
            details = try await requestCompletion(uploader.upload.id, stored)
        } catch let error as APIError where [8007, 8014, 8015].contains(error.code) && !error.refusesFile {
            // The server or the storage lost a part that it had acknowledged.
            stored = try await repair(uploader, source, stored)
            details = try await requestCompletion(uploader.upload.id, stored)
        } catch let error as APIError where error.status == 404 {
            // An earlier completion may have succeeded although its response was lost.
            let found = try await identicalFile(source, named: uploader.upload.name)
            guard case .alreadyThere(let completed)? = found else { throw error }
            return completed
        }
        return try verified(details, stored, size: source.facts.size)
    }

    /// Compares the uploaded file with its parts.
    ///
    /// - Returns: The file, with the strongest check that was possible: of the checksum of the file, of the checksums
    ///   of all parts, or of the length only.
    /// - Throws: `.checksumMismatch` if the length or the checksum of the file differs.
    func verified(_ details: FileDetails, _ parts: [VerifiedPart], size: Int64) throws -> CompletedUpload {
        let crc64 = parts.reduce(CRC64NVME()) { $0.appending($1.crc64, length: $1.size) }
        let isSame = try hasSameChecksum(details, crc64, size: size)
        return CompletedUpload(
            details: details,
            crc64: crc64,
            verification: isSame ? .file : parts.allSatisfy(\.isVerified) ? .parts : .size
        )
    }

    func requestCompletion(_ upload: String, _ parts: [VerifiedPart]) async throws -> FileDetails {
        try await client.completeUpload(
            upload,
            name: item.name,
            reporting: job.server.acceptsReportsAtCompletion ? parts : nil
        )
    }

    /// Reports each part again, and resends the parts that the server does not have.
    private func repair(
        _ uploader: PartUploader,
        _ source: SourceFile,
        _ parts: [VerifiedPart]
    ) async throws -> [VerifiedPart] {
        var missing: [Int] = []
        for part in parts {
            do {
                try await client.report(part, of: uploader.upload.id)
            } catch let error as APIError where error.code == 8014 {
                missing.append(part.number)
            }
        }
        guard !missing.isEmpty else { return parts }
        let kept = parts.filter { !missing.contains($0.number) }
        return (kept + (try await uploader.resend(missing, of: source))).sorted { $0.number < $1.number }
    }

    /// Compares the length and, if the server provides it, the checksum of the uploaded file with the local file.
    ///
    /// - Returns: `true` if the checksums are equal; `false` if the server provides none.
    /// - Throws: `.checksumMismatch` if the length or the checksum differs.
    func hasSameChecksum(_ details: FileDetails, _ crc64: CRC64NVME, size: Int64) throws -> Bool {
        if let actual = details.size, actual != size {
            throw mismatch("its length is \(actual) bytes on the server and \(size) here", details)
        }
        guard let checksum = details.checksums?.crc64nvme else { return false }
        guard checksum.lowercased() == crc64.hex else {
            throw mismatch("its CRC-64/NVME is \(checksum) on the server and \(crc64.hex) here", details)
        }
        return true
    }

    /// Returns the error for an uploaded file that differs from the local file.
    ///
    /// The path in the message contains the uploaded file's name, which is not the item's name if the file was renamed.
    func mismatch(_ difference: String, _ uploaded: FileDetails) -> ClientError {
        let path = (item.folders + [uploaded.name]).joined(separator: "/")
        return ClientError(
            .checksumMismatch,
            "The uploaded copy of '\(item.source)' differs from the local file: \(difference).",
            advice: "Delete '\(path)' on the server and upload it again."
        )
    }
}
