import { kubeconfigPath } from '../cluster/paths.ts';

/** What a person can do with a demo that was left running. */
export const whatToTry = (namespace: string) => `
It is left running. Try for instance:
  export KUBECONFIG=${kubeconfigPath}
  kubectl -n ${namespace} get whatsappsessions,pods,sessionends
  kubectl -n ${namespace} describe whatsappsession support
  kubectl -n ${namespace} exec support -- node session-pod/local.ts send 15550001000 hello
  kubectl -n ${namespace} delete pod support --grace-period=0 --force      # one session_end, and it runs again
  kubectl -n ${namespace} patch was support --type=merge -p '{"spec":{"desiredState":"Stopped"}}'
  kubectl -n berth-system logs deployment/berth-operator
and \`make down\` to end the cluster.`;
