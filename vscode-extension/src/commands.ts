/** The commands of the extension's own; those of the server are in protocol.ts. */
export const COMMANDS = {
  restartServer: "pivot.restartServer",
  showLog: "pivot.showLog",
  copyDebugInformation: "pivot.copyDebugInformation",
  /** Into the Python of the first folder where the package isn't there. */
  install: "pivot.install",
  /** (remedy, folder): what a message's button does. */
  remedy: "pivot.remedy",
  /** (root?: string) */
  showGraph: "pivot.showGraph",
  /** (root?: string): make all stages. */
  runAll: "pivot.runAll",
  // These take a stage: a StageReference, or nothing, and then they ask for one.
  /** Run this stage and no other. */
  runStage: "pivot.runStage",
  runWithUpstream: "pivot.runWithUpstream",
  runAgain: "pivot.runAgain",
  debugStage: "pivot.debugStage",
  cancelStage: "pivot.cancelStage",
  explainStage: "pivot.explainStage",
  showChanges: "pivot.showChanges",
  /** Show its `def`. */
  openStage: "pivot.openStage",
  /** (place: vscode.Location) */
  openPlace: "pivot.openPlace",
  /** What stages printed. */
  showOutput: "pivot.showOutput",
  /** (uri: string) */
  openFile: "pivot.openFile",
  showMetrics: "pivot.showMetrics",
  showPlots: "pivot.showPlots",
  /** An empty one. */
  createPipeline: "pivot.createPipeline",
  createExample: "pivot.createExample",
} as const;

/** A stage, as an argument of commands. */
export interface StageReference {
  readonly root: string;
  readonly stage: string;
}
