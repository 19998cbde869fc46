package import Foundation

/// Storage of the results of reading objects again.
package protocol ScrubStore: ObjectUsers {
    /// Returns objects that must be checked: damaged ones first, then those that were not checked for the longest time.
    /// - Parameters:
    ///   - window: Times of the last check, or of the creation of an object that was never checked, that are not due.
    ///     Later times are due as well, because only a wrong clock can have recorded them.
    ///   - damaged: Damaged objects are due if they were last checked before this time.
    ///   - limit: Maximum number of objects.
    /// - Returns: The objects; empty if none are due.
    /// - Throws: An error if the store is unavailable.
    func objectsToCheck(outside window: ClosedRange<Date>, damagedBefore damaged: Date, limit: Int) async throws
        -> [FileContent]
    /// Returns the objects whose check was requested, earliest request first, at most `limit`.
    func requestedChecks(limit: Int) async throws -> [FileContent]
    /// Records that a check of an object is requested; an earlier request that is still waiting keeps its time.
    /// - Returns: `false` if the object does not exist.
    func requestCheck(of key: ObjectKey, now: Date) async throws -> Bool
    /// Records results of checks, in one transaction; does nothing for objects that no longer exist.
    func record(_ checks: [ObjectCheck]) async throws
    /// Returns those keys under which a finished object is recorded.
    func recordedObjects(among keys: [ObjectKey]) async throws -> Set<ObjectKey>
}

/// The lookup of the files that use an object.
package protocol ObjectUsers: Sendable {
    /// Returns the ids of the files, including package files, that use an object.
    func files(of key: ObjectKey) async throws -> [String]
}

/// The result of reading an object again.
package struct ObjectCheck: Sendable {
    package enum Outcome: Hashable, Sendable {
        /// All bytes match the recorded checksum.
        case verified(CRC64NVME)
        /// All bytes can be read, but no checksum was recorded to compare; this one is recorded now.
        case readable(CRC64NVME)
        case damaged(ContentDamage)
        /// The object could not be checked; the text describes why.
        case failed(String)
    }

    /// The object as recorded before the check.
    package let object: FileContent
    package let outcome: Outcome
    /// Time of the check, by which the next one is planned.
    package let checkedOn: Date

    package init(object: FileContent, outcome: Outcome, checkedOn: Date) {
        self.object = object
        self.outcome = outcome
        self.checkedOn = checkedOn
    }

    /// The damage that the check found; `nil` if it found none or failed.
    package var damage: ContentDamage? {
        if case .damaged(let damage) = outcome { damage } else { nil }
    }
}
