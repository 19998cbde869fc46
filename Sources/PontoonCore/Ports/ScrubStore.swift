package import PontoonFoundation

/// Storage of the results of scrubs, and of requests to check single objects.
package protocol ScrubStore: ObjectUsers {
    /// Returns objects that are due for a check: first damaged objects, then objects with times after the window, then
    /// the others; within each group, the oldest time comes first.
    ///
    /// - Parameters:
    ///   - window: An object is due if the time of its last check is outside this window; the creation of an object
    ///     counts as its first check. A time after the window can only come from a wrong clock.
    ///   - damaged: A damaged object is due if it was last checked before this time.
    ///   - limit: Maximum number of objects.
    /// - Returns: The objects; empty if none are due.
    /// - Throws: An error if the store is unavailable.
    func objectsToCheck(outside window: ClosedRange<Date>, damagedBefore damaged: Date, limit: Int) async throws
        -> [FileContent]
    /// Returns at most `limit` objects whose check was requested, earliest request first.
    func requestedChecks(limit: Int) async throws -> [FileContent]
    /// Requests a check of an object. If a request is already pending, its time is kept.
    ///
    /// - Returns: `false` if the object does not exist.
    func requestCheck(of key: ObjectKey, now: Date) async throws -> Bool
    /// Records results of checks, in one transaction. If new damage was found, also records an event for each file that
    /// uses the object, up to a limit. Does nothing for objects that no longer exist. A request that was made after
    /// ``ObjectCheck/object`` was read stays pending.
    func record(_ checks: [ObjectCheck]) async throws
    /// Returns those of `keys` that are the keys of recorded finished objects.
    func recordedObjects(among keys: [ObjectKey]) async throws -> Set<ObjectKey>
}

/// Lookup of the files that use an object.
package protocol ObjectUsers: Sendable {
    /// Returns the ids of the files, including package files, that use an object.
    func files(of key: ObjectKey) async throws -> [String]
}

/// The result of checking one object.
package struct ObjectCheck: Sendable {
    package enum Outcome: Hashable, Sendable {
        /// All bytes match the recorded checksum.
        case verified(CRC64NVME)
        /// All bytes could be read, but no checksum was recorded for comparison. The computed checksum is recorded.
        case readable(CRC64NVME)
        case damaged(ContentDamage)
        /// The object could not be checked, for the reason given. The next check is due after the usual time.
        case failed(String)
    }

    /// The object as recorded before the check.
    package let object: FileContent
    package let outcome: Outcome
    /// Time of the check, which determines when the next check is due.
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
