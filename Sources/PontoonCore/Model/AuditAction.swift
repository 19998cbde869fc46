/// An action that the audit log records; the raw value is its name in the log.
package enum AuditAction: String, CaseIterable, Sendable {
    // Calls of users and senders
    case uploadInitialize = "upload.initialize"
    case uploadComplete = "upload.complete"
    case uploadAbort = "upload.abort"
    case downloadAuthorize = "download.authorize"
    case download = "download"
    case folderCreate = "folder.create"
    case fileUpdate = "file.update"
    case fileDelete = "file.delete"
    case fileCopy = "file.copy"
    case fileMove = "file.move"
    case fileVerify = "file.verify"
    case projectCreate = "project.create"
    case projectUpdate = "project.update"
    case projectDelete = "project.delete"
    case memberAdd = "member.add"
    case memberUpdate = "member.update"
    case memberRemove = "member.remove"
    case linkCreate = "upload_link.create"
    case linkUpdate = "upload_link.update"
    case linkRevoke = "upload_link.revoke"
    case senderSignIn = "sender.sign_in"
    case automationCreate = "automation.create"
    case packageCreate = "package.create"
    // Calls of users, and commands of pontoond
    case tokenCreate = "token.create"
    case tokenRevoke = "token.revoke"
    // Any call with an invalid token
    case authenticationFail = "authentication.fail"
    // The server itself
    case uploadExpire = "upload.expire"
    // Commands of pontoond
    case userAdd = "user.add"
    case userDisable = "user.disable"
    case userEnable = "user.enable"
    case userRemove = "user.remove"
    case quotaSet = "quota.set"
    case keyRotate = "key.rotate"
    case backup = "backup"
    case restore = "restore"
    case migrate = "migrate"
}
