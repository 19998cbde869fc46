import Foundation
import Glibc
package import PontoonCore

/// A recorder that appends administration commands to the audit log; does nothing if no audit log is configured.
package struct CommandAudit: Sendable {
    private let destination: AuditDestination?
    private let report: @Sendable (String) -> Void

    /// - Parameters:
    ///   - settings: The settings of the command.
    ///   - report: Receives a message of one line if an entry cannot be written.
    package init(_ settings: Settings, report: @escaping @Sendable (String) -> Void) {
        destination = settings.auditLog
        self.report = report
    }

    /// Performs an action and records its result.
    ///
    /// A `PontoonError` or ``SettingError`` is recorded as a refusal, and any other error as a failure. If the entry
    /// cannot be written, this function only reports that.
    ///
    /// - Parameters:
    ///   - action: The action to record.
    ///   - object: What is known about the object of the action before the action.
    ///   - body: Performs the action, and may add details to the object.
    /// - Returns: The result of `body`.
    /// - Throws: The error of `body`.
    package func recording<Value>(
        _ action: AuditAction,
        _ object: AuditEntry.Object = AuditEntry.Object(),
        _ body: (inout AuditEntry.Object) async throws -> Value
    ) async throws -> Value {
        var object = object
        do {
            let value = try await body(&object)
            record(action, .success, object)
            return value
        } catch {
            let refusal = error as? PontoonError
            object.refusal = refusal?.code
            record(action, refusal != nil || error is SettingError ? .refused : .failed, object)
            throw error
        }
    }

    /// Records a successful action.
    ///
    /// If the entry cannot be written, this function only reports that.
    package func recordSuccess(_ action: AuditAction, _ object: AuditEntry.Object) { record(action, .success, object) }

    private func record(_ action: AuditAction, _ result: AuditEntry.Result, _ object: AuditEntry.Object) {
        guard let destination else { return }
        let entry = AuditEntry(
            time: Date(),
            action: action,
            result: result,
            actor: AuditEntry.Actor(operator: Self.operatorName),
            object: object
        )
        do {
            try AuditFile.append(entry, to: destination)
        } catch {
            report("the audit log was not written: \(error)")
        }
    }

    /// The name of the system user that runs the process, or the numeric id if the user has no name.
    private static var operatorName: String {
        let id = getuid()
        guard let record = getpwuid(id), let name = record.pointee.pw_name else { return String(id) }
        return String(cString: name)
    }
}
