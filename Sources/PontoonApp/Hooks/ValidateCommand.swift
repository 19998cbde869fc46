import Foundation
import Logging
import PontoonCore
import PontoonObjects
import PontoonServer
import SystemPackage

/// The validator that runs the program of `--validate-command`.
struct ValidateCommand: FileValidator {
    let program: Program
    let permits: Permits
    /// Returns the path or URL at which the program can read an object.
    let location: @Sendable (ObjectKey) -> ProgramInput.Location
    let metrics: ProgramMetrics
    let logger: Logger

    /// Maximum length of a reason in characters; longer reasons are truncated.
    private static let longestReason = 1000

    func validate(_ file: UnvalidatedFile) async throws {
        let run = try await permits.withPermit {
            let location = location(file.content.key)
            return try await program.run(
                input: ProgramInput.file(file, at: location),
                facts: Self.facts(of: file, at: location)
            )
        }
        var metadata: Logger.Metadata = ["file.name": "\(file.name.visible)", "user": "\(file.userName)"]
        metadata["upload.id"] = file.uploadID.map { "\($0)" }
        switch (run.end, Self.reason(run.head)) {
        case (.exited(0), _): metrics.count(.success, run.duration)
        case (.exited(1), let reason?):
            metrics.count(.refused, run.duration)
            metadata["reason"] = "\(reason)"
            logger.notice("file refused by validate command", metadata: metadata)
            throw PontoonError.refused(reason)
        default:
            // Also applies if a program exits with 1 and prints no reason, because an uncaught exception in a script
            // has the same effect.
            metrics.count(.failed, run.duration)
            metadata["end"] = "\(run.end)"
            metadata["output"] = "\(run.lastOutput)"
            logger.error("validate command failed", metadata: metadata)
            throw PontoonError(.unavailable, "The file could not be checked; try again later.")
        }
    }

    private static func facts(of file: UnvalidatedFile, at location: ProgramInput.Location) -> [String: String] {
        var facts = ["PONTOON_NAME": file.name, "PONTOON_SIZE": "\(file.content.size)", "PONTOON_USER": file.userName]
        facts["PONTOON_UPLOAD_ID"] = file.uploadID
        if case .folder(_, let project, _) = file.destination { facts["PONTOON_PROJECT"] = project.description }
        if case .path(let path) = location { facts["PONTOON_PATH"] = path }
        return facts
    }

    /// Returns the reason that the program printed, as one line of at most ``longestReason`` visible characters; `nil`
    /// if it printed none.
    static func reason(_ output: [UInt8]) -> String? {
        let words = String(decoding: output, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        let text = words.joined(separator: " ").visible
        return text.isEmpty ? nil : String(text.prefix(longestReason))
    }
}

extension PontoonError {
    /// The error for a file that the validate command refuses, with the reason that the command printed.
    fileprivate static func refused(_ reason: String) -> PontoonError {
        PontoonError(.completeRefused, "The file was refused: \(reason)")
    }
}

extension ObjectStorage {
    /// Returns a closure that returns the path or URL at which a program on this machine can read an object.
    ///
    /// - Parameter now: Returns the current time, at which the URL becomes valid.
    /// - Returns: The closure; `nil` if programs cannot read objects of this store.
    func programLocations(now: @escaping @Sendable () -> Date) -> (@Sendable (ObjectKey) -> ProgramInput.Location)? {
        if let disk = store as? DiskObjectStore {
            // Absolute, because programs run in another directory.
            return { .path(URL(fileURLWithPath: disk.path(of: $0).string).path) }
        }
        if let bucket = store as? S3ObjectStore { return { .url(bucket.localReadURL(of: $0, now: now())) } }
        return nil
    }
}
