import PontoonCore

extension SQLError: TemporaryFault {
    package var isTemporary: Bool {
        switch kind {
        case .unreachable, .outcomeUnknown, .busy: true
        case .uniqueViolation, .foreignKeyViolation, .full, .unstorableText, .other: false
        }
    }
}
