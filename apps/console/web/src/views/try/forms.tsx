import { CALL_GRACE_MS, DEFAULTS, LIMITS } from "@lgtm-lab/contracts/limits";
import type { FormEvent, ReactNode } from "react";
import { duration } from "../../app/format.ts";
import { useDraft } from "../../app/hooks.ts";
import type { Inputs, ProtocolChoice, Service } from "./inputs.ts";

interface Props {
  readonly inputs: Inputs;
  readonly busy: boolean;
  readonly onSend: (inputs: Inputs) => void;
  readonly onCancel: () => void;
}

/** Shows the two forms. They do not validate, so that users can see how the gateway responds to invalid input. */
export function Forms({ inputs, busy, onSend, onCancel }: Props) {
  const [protocol, setProtocol] = useDraft(inputs.protocol);
  const [name, setName] = useDraft(inputs.name);
  const [count, setCount] = useDraft(inputs.count);
  const [delayMs, setDelayMs] = useDraft(inputs.delayMs);
  const send = (to: Service) => onSend({ to, protocol, name, count, delayMs });
  const running = (to: Service) => busy && inputs.to === to;
  return (
    <div className="try-forms">
      <ProtocolSelect chosen={protocol} onChoose={setProtocol} />
      <Card
        to="a"
        title="Ask service A"
        description="One request, one response."
        busy={running("a")}
        onSend={send}
        onCancel={onCancel}
      >
        <Field label="Name" name="name" value={name} onChange={setName} placeholder={DEFAULTS.name}>
          Up to {LIMITS.nameMaxLength} characters; empty is “{DEFAULTS.name}”.
        </Field>
      </Card>
      <Card
        to="b"
        title="Ask service B"
        description="One request, a stream of numbers."
        busy={running("b")}
        onSend={send}
        onCancel={onCancel}
      >
        <Field label="Count" name="count" value={count} onChange={setCount} numeric>
          {LIMITS.countMin} to {LIMITS.countMax.toLocaleString("en")}
        </Field>
        <Field
          label="Pause between numbers, in ms"
          name="delay_ms"
          value={delayMs}
          onChange={setDelayMs}
          numeric
        >
          0 to {LIMITS.delayMsMax.toLocaleString("en")}, at most {duration(LIMITS.streamMsMax)} in total. The
          deadline is {duration(CALL_GRACE_MS)} after that.
        </Field>
      </Card>
    </div>
  );
}

interface FieldProps {
  readonly label: string;
  readonly name: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** Whether the field is for a number. */
  readonly numeric?: boolean;
  readonly placeholder?: string;
  /** The valid values. */
  readonly children: ReactNode;
}

const Field = ({ label, name, value, onChange, numeric = false, placeholder, children }: FieldProps) => (
  <label className="field grow">
    <span>{label}</span>
    <input
      className="input"
      name={name}
      inputMode={numeric ? "numeric" : "text"}
      value={value}
      autoComplete="off"
      spellCheck={false}
      placeholder={placeholder}
      onChange={({ target }) => onChange(target.value)}
    />
    <small className="muted">{children}</small>
  </label>
);

const PROTOCOLS: readonly (readonly [protocol: ProtocolChoice, name: string])[] = [
  ["grpc", "gRPC"],
  ["rest", "REST"],
  ["both", "Both, side by side"],
];

const ProtocolSelect = ({
  chosen,
  onChoose,
}: {
  chosen: ProtocolChoice;
  onChoose: (protocol: ProtocolChoice) => void;
}) => (
  <fieldset className="protocols">
    <legend className="label">The gateway calls the service over</legend>
    <div className="segments">
      {PROTOCOLS.map(([protocol, name]) => (
        <button
          key={protocol}
          type="button"
          className="button"
          aria-pressed={chosen === protocol}
          data-testid={`protocol-${protocol}`}
          onClick={() => onChoose(protocol)}
        >
          {name}
        </button>
      ))}
    </div>
  </fieldset>
);

interface CardProps {
  readonly to: Service;
  readonly title: string;
  readonly description: string;
  readonly busy: boolean;
  readonly onSend: (to: Service) => void;
  readonly onCancel: () => void;
  readonly children: ReactNode;
}

function Card({ to, title, description, busy, onSend, onCancel, children }: CardProps) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSend(to);
  };
  return (
    <form
      className="card try-form"
      data-service={to}
      data-testid={`form-${to}`}
      aria-labelledby={`form-${to}`}
      onSubmit={submit}
    >
      <div>
        <h2
          id={`form-${to}`}
          className="service"
          style={{ "--service": `var(--service-${to})` } as React.CSSProperties}
        >
          {title}
        </h2>
        <p className="muted">{description}</p>
      </div>
      <div className="try-fields">{children}</div>
      <div className="try-buttons">
        <button type="submit" className="button primary" data-testid={`send-${to}`}>
          {busy ? "Send again" : "Send"}
        </button>
        {busy && to === "b" && (
          <button type="button" className="button danger" data-testid="cancel" onClick={onCancel}>
            Cancel the stream
          </button>
        )}
      </div>
    </form>
  );
}
