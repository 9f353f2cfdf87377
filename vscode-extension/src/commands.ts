/** The commands of the extension's own; those of the server are in protocol.ts. */
export const COMMANDS = {
  restartServer: "pivot.restartServer",
  showLog: "pivot.showLog",
  /** (root?: string) */
  showGraph: "pivot.showGraph",
  /** ({root, stage}: StageReference): run this stage and no other. */
  runStage: "pivot.runStage",
  /** ({root, stage}: StageReference): show its `def`. */
  openStage: "pivot.openStage",
} as const;

/** A stage, as an argument of commands. */
export interface StageReference {
  readonly root: string;
  readonly stage: string;
}
