package import Logging
import SystemPackage

extension Settings {
    /// Opens the audit log; returns `nil` if none is configured.
    ///
    /// - Throws: ``SettingError`` if the file cannot be opened.
    package func openAuditLog(_ logger: Logger) throws -> AuditLog? {
        guard let auditLog else { return nil }
        do {
            return try AuditLog(auditLog, maximumSize: auditLogSize, logger: logger)
        } catch let error as Errno {
            throw SettingError(.auditLog, "cannot open the file: \(error); check its directory and permissions")
        }
    }
}
