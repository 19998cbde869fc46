import ArgumentParser

extension CompletionKind {
    static var remotePath: CompletionKind { .default }
    static var project: CompletionKind { .default }
}
