import { Component, type ReactNode } from "react";

interface Props {
  readonly type: string;
  /** The data that the panel draws. When it changes, the panel is drawn again after an error. */
  readonly data: unknown;
  /** Called with true when the panel cannot be drawn, and with false when it can be drawn again. */
  readonly onFailed: (failed: boolean) => void;
  readonly children: ReactNode;
}

interface State {
  readonly error: Error | undefined;
  readonly data: unknown;
}

/** Shows a message in place of a panel that cannot be drawn, so that the other panels are not affected. */
export class PanelBoundary extends Component<Props, State> {
  override state: State = { error: undefined, data: undefined };

  static getDerivedStateFromError(error: unknown): Partial<State> {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  static getDerivedStateFromProps({ data }: Props, state: State): State {
    return data === state.data ? state : { error: undefined, data };
  }

  override componentDidUpdate(_: Props, before: State) {
    if ((before.error === undefined) !== (this.state.error === undefined))
      this.props.onFailed(!!this.state.error);
  }

  override componentDidCatch() {
    this.props.onFailed(true);
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <p className="panel-message bad" role="alert">
        {`This panel (of the type "${this.props.type}") could not be drawn: ${error.message}`}
      </p>
    );
  }
}
