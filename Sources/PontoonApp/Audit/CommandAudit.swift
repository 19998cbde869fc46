import Foundation
import Glibc
package import PontoonCore

/// The recorder of administration commands in the audit log of the settings.
package struct CommandAudit: Sendable {
    private let destination: AuditDestination?
    private let report: @Sendable (String) -> Void

    /// - Parameters:
    ///   - settings: The settings of the command, which may name an audit log.
    ///   - report: Reports that a line could not be written.
    package init(_ settings: Settings, report: @escaping @Sendable (String) -> Void) {
        destination = settings.auditLog
        self.report = report
    }

    /// Runs an action and records its result; a failure to record it does not fail the action.
    ///
    /// - Parameters:
    ///   - action: The action.
    ///   - object: The object, completed by `body`.
    ///   - body: Performs the action.
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

    /// Records a successful action; a failure to record it is only reported.
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

    /// The name of the operating system's user who runs the process, or the numeric id if the user has no name.
    private static var operatorName: String {
        let id = getuid()
        guard let record = getpwuid(id), let name = record.pointee.pw_name else { return String(id) }
        return String(cString: name)
    }
}
