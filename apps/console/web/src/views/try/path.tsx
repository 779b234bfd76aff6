import type { CSSProperties } from "react";
import type { Via } from "../../api/try.ts";
import { serviceColour } from "../../app/services.ts";
import { gatewayOf, type Service } from "./inputs.ts";

/** The way of a request: you → gateway → service. */
export function Path({ via, to }: { via: Via; to: Service }) {
  return (
    <p className="path">
      <span>you</span>
      <Arrow label="HTTP" />
      <Stop name={gatewayOf(via)} />
      <Arrow label={via === "grpc" ? "gRPC" : "REST"} />
      <Stop name={`service-${to}`} />
    </p>
  );
}

const Stop = ({ name }: { name: string }) => (
  <span className="service" style={{ "--service": serviceColour(name) } as CSSProperties}>
    {name}
  </span>
);

const Arrow = ({ label }: { label: string }) => (
  <span className="arrow">
    <small>{label}</small>
  </span>
);
